// What travelled: every event about a transaction or a block, gathered by what it is about, with a bound.

const maxItems = 60, maxSteps = 2400, maxSeen = 10000;

// Messages that bring the thing itself, not the news of it.
const gives = new Set(["tx", "block", "cmpctblock", "blocktxn", "merkleblock"]);

class Step {
  constructor(item, node, peer, e) {
    this.item = item;
    this.node = node;
    this.peer = peer;
    this.kind = e.kind;
    this.by = e.by || "";
    this.verdict = e.verdict || "";
    this.reason = e.reason || "";
    this.at = Travels.time(e.time);
    this.hop = e.kind === "heard" && peer !== "" && e.by !== "self";
    this.whole = gives.has(this.by);
  }

  // words are what a node did, for the table.
  words() {
    const from = this.peer ? ` node ${this.peer}` : " a peer";
    switch (this.kind) {
      case "heard":
        if (this.by === "self") return "made it, or was given it by its owner";
        return this.whole ? `was given it by${from} (${this.by})` : `heard of it from${from} (${this.by})`;
      case "asked": return `asked${from} for it`;
      case "judged": return this.verdict === "accepted" ? "found it good" : `${this.verdict}${this.reason ? `: ${this.reason}` : ""}`;
      case "relayed": return `${this.whole ? "gave it to" : "told"}${from} (${this.by})`;
      case "removed": return `took it from the pool: ${this.reason}`;
      case "tip": return "its chain ends with it now";
    }
    return this.kind;
  }
}

class Item {
  constructor(id, block) {
    this.id = id;
    this.block = block;
    this.height = 0;
    this.steps = [];
    this.good = new Map(); // when each node had found it good
  }

  title() {
    const short = `${this.id.slice(0, 8)}…${this.id.slice(-6)}`;
    return this.block ? `block ${this.height || ""} ${short}` : `payment ${short}`;
  }

  // told is the step by which its giver told of a hop; undefined where that is not known.
  told(hop) {
    if (this.sorted !== this.steps.length) { // once for all steps, not once for each hop of each frame
      this.sorted = this.steps.length;
      this.begins = new Map();
      const last = new Map();
      for (const s of this.steps) {
        if (s.kind === "relayed") last.set(`${s.node} ${s.peer} ${s.by}`, s);
        else if (s.hop) this.begins.set(s, last.get(`${s.peer} ${s.node} ${s.by}`));
      }
    }
    return this.begins.get(hop);
  }

  span() {
    return this.steps.length ? this.steps[this.steps.length - 1].at - this.steps[0].at : 0;
  }

  summary(nodes) {
    if (!this.good.size) return `${this.title()} is on its way.`;
    const times = [...this.good.values()], took = Math.max(...times) - this.steps[0].at;
    return `${this.title()}: ${this.good.size} of ${nodes} nodes have found it good, the last after ${took.toFixed(0)} ms.`;
  }
}

export class Travels {
  constructor() {
    this.items = new Map();
    this.names = new Map(); // wtxid to the transaction's id
    this.seen = new Set(); // events, which may be told twice
  }

  // time is that of an event in milliseconds, with its microseconds.
  static time(text) {
    const found = /\.(\d+)/.exec(text);
    const whole = Date.parse(text.replace(/\.\d+/, ""));
    return whole + (found ? Number(`0.${found[1]}`) * 1000 : 0);
  }

  // take sorts one event in, and gives its step; null if it is about nothing that travels.
  take(line) {
    const e = line.event, key = `${line.at} ${e.seq}`;
    if (this.seen.has(key)) return null;
    this.seen.add(key);
    if (this.seen.size > maxSeen) this.seen.delete(this.seen.values().next().value);
    if (e.tx && e.wtx) this.rename(e.wtx, e.tx);
    const id = e.tx || this.names.get(e.wtx) || e.wtx || e.block;
    if (!id || !["heard", "judged", "relayed", "removed", "tip", "asked"].includes(e.kind)) return null;
    let item = this.items.get(id);
    if (!item) {
      item = new Item(id, !e.tx && !e.wtx);
      this.items.set(id, item);
    }
    if (e.height) item.height = e.height;
    const step = new Step(item, line.at, line.peer || "", e);
    if (item.steps.length < maxSteps) {
      let i = item.steps.length;
      while (i > 0 && item.steps[i - 1].at > step.at) i--;
      item.steps.splice(i, 0, step);
    }
    if (this.items.size > maxItems) this.items.delete(this.newest(maxItems + 1).pop().id);
    if ((e.kind === "judged" && e.verdict === "accepted") || e.kind === "tip") {
      if (!item.good.has(line.at)) item.good.set(line.at, step.at);
    }
    return step;
  }

  // rename joins what was heard of by wtxid with the transaction, once that is known.
  rename(wtx, tx) {
    if (this.names.get(wtx) === tx) return;
    this.names.set(wtx, tx);
    if (this.names.size > 4 * maxItems) this.names.delete(this.names.keys().next().value);
    const early = this.items.get(wtx);
    if (!early || wtx === tx) return;
    this.items.delete(wtx);
    const known = this.items.get(tx);
    if (known) known.steps = [...early.steps, ...known.steps].sort((a, b) => a.at - b.at).slice(0, maxSteps);
    else {
      early.id = tx;
      this.items.set(tx, early);
    }
    for (const s of early.steps) s.item = known || early;
  }

  newest(n) {
    return [...this.items.values()].sort((a, b) => b.steps[0].at - a.steps[0].at).slice(0, n);
  }
}
