"""One suite for every plugin: what each must do, whatever it is for."""
