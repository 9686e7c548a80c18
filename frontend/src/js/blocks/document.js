// A mail of blocks as the editor holds it: blocks with keys of their own, changed step by step, with undo and redo.
const MOST_STEPS = 100;
/** Changes of one field within so many milliseconds are one step. */
const TOGETHER = 1200;

export class Document {
  constructor(types) {
    this.types = new Map(types.map((type) => [type.name, type]));
    this.key = 0;
    this.past = [];
    this.future = [];
    this.load('{"blocks": []}');
  }

  /** Takes a document as text; says whether it is one. */
  load(text) {
    let read;
    try {
      read = text.trim() ? JSON.parse(text) : {};
    } catch {
      return false;
    }
    if (!read || typeof read !== "object" || Array.isArray(read) || !Array.isArray(read.blocks ?? [])) return false;
    const blocks = (read.blocks ?? []).map((block) => this.keyed(block));
    if (blocks.includes(null)) return false;
    this.blocks = blocks;
    this.look = { accent: "#3b4fd8", background: "#f2f4f7", ...read.look };
    return true;
  }

  keyed(block) {
    if (!block || typeof block !== "object" || typeof block.type !== "string") return null;
    const { columns, ...values } = block;
    const found = { key: `b${(this.key += 1)}`, values };
    if (block.type === "columns") {
      if (!Array.isArray(columns) || columns.length !== 2 || !columns.every(Array.isArray)) return null;
      found.columns = columns.map((column) => column.map((one) => this.keyed(one)));
      if (found.columns.flat().includes(null)) return null;
    }
    return found;
  }

  text() {
    const plain = ({ values, columns }) => (columns ? { ...values, columns: columns.map((column) => column.map(plain)) } : values);
    return JSON.stringify({ blocks: this.blocks.map(plain), look: this.look });
  }

  // --- finding ---

  /** Lists of blocks by the name of their area: "" for the mail itself, "b3.0" for the left column of b3. */
  list(area) {
    if (!area) return this.blocks;
    const [key, at] = area.split(".");
    return this.blocks.find((block) => block.key === key)?.columns?.[Number(at)] ?? this.blocks;
  }

  /** Where a block is: {block, list, at, area}. */
  find(key) {
    for (const area of ["", ...this.blocks.flatMap((block) => (block.columns ?? []).map((_column, at) => `${block.key}.${at}`))]) {
      const list = this.list(area);
      const at = list.findIndex((block) => block.key === key);
      if (at >= 0) return { block: list[at], list, at, area };
    }
    return null;
  }

  type(block) {
    return this.types.get(block.values.type);
  }

  /** A new block of a type, with what its fields begin with. */
  fresh(name) {
    if (name === "columns") return this.keyed({ type: name, share: "1-1", columns: [[], []] });
    const values = { type: name };
    for (const { name: field, default: value } of this.types.get(name).fields) if (value !== "") values[field] = value;
    return this.keyed(values);
  }

  copy({ values, columns }) {
    const plain = (block) => (block.columns ? { ...block.values, columns: block.columns.map((column) => column.map(plain)) } : { ...block.values });
    return this.keyed(plain({ values, columns }));
  }

  /** The value of a field, or what it is when nothing is said. */
  value(block, field) {
    return block.values[field.name] ?? field.default;
  }

  /** Labels of the fields that a mail can't be sent without. */
  missing(block) {
    return (this.type(block)?.fields ?? []).filter((field) => field.required && this.value(block, field) === "").map(({ label }) => label);
  }

  // --- changing: note the state before, then change ---

  note(what = "") {
    const now = performance.now();
    if (what && this.noted === what && now - this.notedAt < TOGETHER) {
      this.notedAt = now;
      return;
    }
    this.noted = what;
    this.notedAt = now;
    this.past.push(this.state());
    if (this.past.length > MOST_STEPS) this.past.shift();
    this.future = [];
  }

  state() {
    return structuredClone({ blocks: this.blocks, look: this.look });
  }

  step(from, to) {
    const state = from.pop();
    if (!state) return false;
    to.push(this.state());
    Object.assign(this, state);
    this.noted = "";
    return true;
  }

  undo() {
    return this.step(this.past, this.future);
  }

  redo() {
    return this.step(this.future, this.past);
  }
}
