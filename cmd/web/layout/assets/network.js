// The network as a living picture: nodes on a circle, what is between them, and how payments and blocks
// travel. The tables of the page say the same; this module keeps them new.

import { Drawing } from "./graph.js";
import { byId } from "./svg.js";
import { Travels } from "./travels.js";

const graph = byId("graph");
const maxRows = 200; // of the table of hops

class NetworkPage {
  constructor() {
    this.said = byId("said");
    this.drawing = new Drawing(byId("picture"), (id) => this.choose(id));
    this.travels = new Travels();
    this.chosen = [];
    this.dirty = false;
    this.news = new Map();
    graph.hidden = byId("replay").hidden = false;
    this.show(JSON.parse(graph.dataset.picture));
    this.listen();
    byId("play").addEventListener("click", () => this.replay());
    byId("item").addEventListener("change", () => {
      this.picked = byId("item").selectedIndex > 0; // else it follows what is newest
      this.pick();
    });
    byId("scrub").addEventListener("input", () => this.scrub());
    for (const name of ["a", "b"]) {
      const select = byId(name);
      if (select) select.addEventListener("change", () => this.mark([byId("a").value, byId("b").value]));
    }
    byId("shape")?.addEventListener("submit", (e) => this.send(e));
    setInterval(() => this.settle(), 500);
  }

  // send sends the form and stays here: what the answering page says is said, and the picture shows the rest.
  async send(e) {
    e.preventDefault();
    const fields = new URLSearchParams(new FormData(e.target));
    fields.set("how", e.submitter?.value || "cut");
    try {
      const answer = await fetch(e.target.action, { method: "POST", body: fields });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const words = ["h1", ".note", "pre", ".lead"].map((what) => page.querySelector(`main ${what}`)?.textContent.trim());
      this.say([...new Set(words)].filter(Boolean).join(" – ").slice(0, 400));
    } catch {
      this.say("The node does not answer.");
    }
  }

  // listen follows the node's stream; the browser connects again by itself.
  listen() {
    const stream = new EventSource("/network/live");
    stream.addEventListener("state", (e) => this.show(JSON.parse(e.data), true));
    stream.addEventListener("backlog", (e) => {
      for (const line of JSON.parse(e.data)) this.travels.take(line);
      this.list();
    });
    stream.addEventListener("gossip", (e) => this.heard(JSON.parse(e.data)));
    stream.addEventListener("lost", (e) => this.say(`${e.data} messages went by faster than this page could take them.`));
    stream.addEventListener("error", () => this.say("The node does not answer; the page tries again."));
  }

  show(picture, tables) {
    this.picture = picture;
    byId("undrawn").hidden = !picture.undrawn;
    this.drawing.draw(picture);
    if (tables) this.tables();
  }

  // tables fetches the tables anew, unless somebody is in one of them.
  async tables() {
    const place = byId("tables");
    if (this.fetching || place.contains(document.activeElement)) return;
    this.fetching = true;
    try {
      const answer = await fetch(`/network/tables${location.search}`, { cache: "no-store" });
      if (answer.ok) place.innerHTML = await answer.text(); // escaped by the node
    } catch { /* the stream says that the node is gone */ }
    this.fetching = false;
  }

  heard(line) {
    const step = this.travels.take(line);
    if (!step) return;
    this.drawing.step(step);
    this.news.set(step.item.id, performance.now());
    this.dirty = true;
  }

  // settle says what has travelled, once it has come to rest: a screen reader hears one sentence and no storm.
  settle() {
    if (this.dirty) this.list();
    this.dirty = false;
    for (const [id, at] of this.news) {
      if (performance.now() - at < 1200) continue;
      this.news.delete(id);
      const item = this.travels.items.get(id);
      if (item) this.say(item.summary(this.picture.nodes.filter((n) => !n.stranger && !n.down).length));
    }
  }

  say(text) {
    if (this.said.textContent !== text) this.said.textContent = text;
  }

  choose(id) {
    if (!this.picture.nodes.some((n) => n.id === id && !n.stranger)) return;
    this.chosen = this.chosen.includes(id) ? this.chosen.filter((x) => x !== id) : [...this.chosen, id].slice(-2);
    this.mark(this.chosen);
    const [a, b] = [byId("a"), byId("b")];
    if (a && this.chosen.length === 2) {
      a.value = this.chosen[0];
      b.value = this.chosen[1];
      this.say(`Nodes ${this.chosen.join(" and ")} are chosen: cut, heal or slow what is between them with the form.`);
    } else if (this.chosen.length === 1) {
      this.say(`Node ${this.chosen[0]} is chosen. Choose another one.`);
    }
  }

  mark(ids) {
    this.chosen = ids.filter((x, i) => x && ids.indexOf(x) === i);
    this.drawing.choose(this.chosen);
  }

  // list names what can be replayed, the newest first.
  list() {
    const select = byId("item"), was = select.value;
    const items = this.travels.newest(30);
    if (!items.length) return;
    select.replaceChildren(...items.map((item) => new Option(item.title(), item.id)));
    if ((this.picked || this.playing) && items.some((item) => item.id === was)) select.value = was;
    if (!this.playing) this.pick();
  }

  pick() {
    this.item = this.travels.items.get(byId("item").value);
    if (!this.item) return;
    byId("scrub").disabled = false;
    const steps = this.item.steps;
    const rows = steps.slice(0, maxRows).map((s) => this.row(`${(s.at - steps[0].at).toFixed(1)} ms`, s.node, s.words()));
    if (steps.length > maxRows) rows.push(this.row("", "", `and ${steps.length - maxRows} steps more`));
    byId("hops").replaceChildren(...rows);
    const whole = byId("whole");
    whole.href = `/network/trace?hash=${this.item.id}`;
    whole.hidden = false;
  }

  row(...texts) {
    const row = document.createElement("tr");
    for (const text of texts) {
      const cell = document.createElement("td");
      cell.textContent = text;
      row.append(cell);
    }
    row.firstChild.className = "number";
    return row;
  }

  scrub() {
    this.playing = null;
    const until = this.item.span() * byId("scrub").value / 1000;
    this.moment(until);
  }

  moment(until) {
    byId("moment").textContent = `${until.toFixed(1)} ms`;
    this.drawing.at(this.item, until);
    [...byId("hops").children].forEach((row, i) => row.classList.toggle("past", i < maxRows && this.item.steps[i].at - this.item.steps[0].at <= until));
  }

  replay() {
    if (!this.item) return;
    const run = this.playing = {}, item = this.item, slow = Number(byId("slow").value), span = item.span(), began = performance.now();
    const frame = () => {
      if (this.playing !== run) return;
      const until = Math.min((performance.now() - began) / slow, span);
      byId("scrub").value = span ? Math.round(1000 * until / span) : 1000;
      this.moment(until);
      if (until < span) requestAnimationFrame(frame);
      else {
        this.playing = null;
        setTimeout(() => this.playing || this.drawing.rest(), 2500);
      }
    };
    frame();
  }
}

if (graph) new NetworkPage();
