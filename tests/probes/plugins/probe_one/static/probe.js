document.documentElement.dataset.probe = "one";
