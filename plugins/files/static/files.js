// Sends files in parts (tus 1.0.0) and goes on where it stopped: after a broken connection by itself, after the page was left when
// the same file is chosen again.
import { enhance, icon, toast } from "crmhost/core";

const AT_ONCE = 2;
const LONGEST_WAIT = 30_000;
const pause = (time) => new Promise((done) => { setTimeout(done, time); addEventListener("online", done, { once: true }); });
const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";
const coded = (value) => btoa(String.fromCharCode(...new TextEncoder().encode(String(value))));
const make = (name, attributes, ...inside) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
};

/** Takes the token of a new sign-in from this page as it would load now. */
async function renewToken() {
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector('meta[name="csrf-token"]')?.content;
  if (fresh) document.querySelector('meta[name="csrf-token"]').content = fresh;
}

class Upload {
  constructor(file, place) {
    Object.assign(this, { file, place, texts: place.dataset, offset: 0, stopped: false, cancelled: false, renewed: false });
    const { objectType, objectId, entryId = "" } = place.dataset;
    this.key = ["crm-upload", objectType, objectId, entryId, file.name, file.size, file.lastModified].join(":");
    this.bar = make("progress", { max: String(Math.max(1, file.size)), value: "0", "aria-label": file.name });
    this.note = make("small", { class: "meta d-block" }, this.texts.textWaiting);
    this.toggle = make("button", { type: "button", class: "btn btn-quiet btn-sm" }, this.texts.textPause);
    this.end = make("button", { type: "button", class: "btn btn-quiet btn-sm btn-square", "aria-label": `${this.texts.textCancel}: ${file.name}` }, icon("x"));
    this.line = make("li", {}, make("span", { class: "grow cut" }, file.name, this.note), this.bar, this.toggle, this.end);
    this.toggle.addEventListener("click", () => (this.stopped ? this.resume() : this.stop(this.texts.textPaused)));
    this.end.addEventListener("click", () => this.cancel());
    place.querySelector("[data-files-lines]").append(this.line);
  }

  stop(why) {
    this.stopped = true;
    this.note.textContent = why;
    this.toggle.textContent = this.texts.textResume;
    this.request?.abort();
  }

  resume() {
    this.stopped = false;
    this.toggle.textContent = this.texts.textPause;
    this.go?.();
  }

  async cancel() {
    this.cancelled = true;
    this.request?.abort();
    this.go?.();
    if (this.where) await this.ask("DELETE", this.where);
    localStorage.removeItem(this.key);
    this.line.remove();
  }

  /** Gives {status, header(name), json}; status 0 when nothing came back. */
  ask(method, url, headers = {}, body = null) {
    return new Promise((done) => {
      const request = (this.request = new XMLHttpRequest());
      request.open(method, url);
      // Signed out, a request that is none of a page is answered with 401, and not with the page to sign in.
      for (const [name, value] of Object.entries({ "HX-Request": "true", "X-CSRFToken": token(), "Tus-Resumable": "1.0.0", ...headers })) request.setRequestHeader(name, value);
      if (body instanceof Blob) request.upload.onprogress = ({ loaded }) => this.show(this.offset + loaded);
      request.onloadend = () => {
        let json = {};
        try { json = JSON.parse(request.responseText); } catch { /* no JSON: a page, or nothing */ }
        done({ status: request.status, header: (name) => request.getResponseHeader(name), json });
      };
      request.send(body);
    });
  }

  show(there) {
    this.bar.value = there;
    this.note.textContent = `${Math.floor((100 * there) / Math.max(1, this.file.size))} %`;
  }

  async begin() {
    const { objectType, objectId, entryId } = this.place.dataset;
    const said = { filename: this.file.name, filetype: this.file.type, object_type: objectType, object_id: objectId, ...(entryId && { entry_id: entryId }) };
    const pairs = Object.entries(said).map(([name, value]) => `${name} ${coded(value)}`).join(",");
    const answer = await this.ask("POST", this.place.dataset.filesUpload, { "Upload-Length": String(this.file.size), "Upload-Metadata": pairs });
    if (answer.status === 201) {
      this.where = answer.header("Location");
      this.offset = 0;
      localStorage.setItem(this.key, this.where);
    }
    return answer;
  }

  async stand() {
    const answer = await this.ask("HEAD", this.where);
    if (answer.status === 200) this.offset = Number(answer.header("Upload-Offset"));
    if (answer.status === 404) { this.where = null; localStorage.removeItem(this.key); }
    return answer;
  }

  finish() {
    const said = new URLSearchParams();
    const form = this.place.matches("form") ? new FormData(this.place) : new FormData();
    for (const name of ["kind", "description", "portal"]) if (form.get(name)) said.set(name, form.get(name));
    this.note.textContent = this.texts.textEnding;
    return this.ask("POST", `${this.where}/finish`, { "Content-Type": "application/x-www-form-urlencoded" }, said.toString());
  }

  part() {
    const some = this.file.slice(this.offset, this.offset + Number(this.place.dataset.part));
    return this.ask("PATCH", this.where, { "Upload-Offset": String(this.offset), "Content-Type": "application/offset+octet-stream" }, some);
  }

  /** Sends all of it; gives what the server said of the new file, or nothing. */
  async run() {
    this.where = localStorage.getItem(this.key);
    let known = !this.where;
    let wait = 1000;
    while (!this.cancelled) {
      if (this.stopped) { await new Promise((go) => { this.go = go; }); known = false; continue; }
      const answer = !this.where ? await this.begin() : !known ? await this.stand() : this.offset < this.file.size ? await this.part() : await this.finish();
      if (this.cancelled) return null;
      if (answer.status === 200 && answer.json.id) return this.done(answer.json);
      if (answer.status >= 200 && answer.status < 300) {
        if (answer.header("Upload-Offset")) this.offset = Number(answer.header("Upload-Offset"));
        known = true;
        wait = 1000;
        this.renewed = false;
        this.show(this.offset);
      } else if (this.stopped) {
        continue;
      } else if (answer.status === 404 && !known) {
        continue;
      } else if (answer.status === 409) {
        known = false;
        await pause(wait);
        wait = Math.min(2 * wait, LONGEST_WAIT);
      } else if (answer.status === 401 || answer.status === 302 || answer.status === 400) {
        if (this.renewed) this.stop(this.texts.textSignedOut);
        this.renewed = !this.renewed;
        await renewToken().catch(() => null);
        known = !this.where;
      } else if (answer.status === 0 || answer.status >= 500) {
        this.note.textContent = this.texts.textBroken;
        await pause(wait);
        wait = Math.min(2 * wait, LONGEST_WAIT);
        known = !this.where;
      } else {
        return this.refused(answer.json.message || this.texts.textFailed);
      }
    }
    return null;
  }

  done(made) {
    localStorage.removeItem(this.key);
    this.bar.value = this.bar.max;
    this.note.textContent = this.texts.textDone;
    this.toggle.remove();
    this.end.remove();
    return made;
  }

  refused(why) {
    localStorage.removeItem(this.key);
    if (this.where) this.ask("DELETE", this.where);
    this.where = null;
    this.note.textContent = why;
    this.note.setAttribute("role", "alert");
    this.note.parentElement.classList.remove("cut");
    this.bar.remove();
    this.toggle.remove();
    return null;
  }
}

enhance("[data-files-upload]", (place) => {
  const field = place.querySelector('input[type="file"]');
  const ids = place.querySelector("[data-files-ids]");
  const waiting = [];
  let running = 0;
  let made = 0;
  let refused = 0;
  place.querySelector("[data-files-plain]")?.remove();
  field.required = false;

  const next = async () => {
    if (running >= AT_ONCE || !waiting.length) return;
    running += 1;
    const upload = waiting.shift();
    const entry = await upload.run();
    running -= 1;
    if (entry) {
      made += 1;
      if (ids) ids.value = [...ids.value.split(",").filter(Boolean), entry.id].join(",");
    } else if (!upload.cancelled) refused += 1;
    if (waiting.length) next();
    else if (!running && made && !refused && !ids) location.reload();
    else if (!running && refused && made && !ids) toast(place.dataset.textDone);
  };
  const take = (files) => {
    for (const file of files) waiting.push(new Upload(file, place));
    for (let at = 0; at < AT_ONCE; at += 1) next();
  };
  field.addEventListener("change", () => { take([...field.files]); field.value = ""; });
  const drop = place.matches("form") ? place : place.closest("form");
  drop.addEventListener("dragover", (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
  drop.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    take([...event.dataTransfer.files].slice(0, field.multiple ? undefined : 1));
  });
  addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });
});
