import { clock, Component, number, panel, shortTime } from "glassline";
import { say } from "glassline/words";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/watch").Ledger} Ledger */

/** How often the books are asked for while something happens, and while nothing seems to, ms: duplicates show nowhere else. */
const BUSY_MS = 1000;
const QUIET_MS = 5000;
/** After these something in the books is different. @type {Set<Reason>} */
const MOVES = new Set(["sample", "gap", "skipped", "presence", "removed"]);

export default class LedgerTable extends Component {
  #isMoved = false;
  #askedAt = -Infinity;

  /** @param {Reason} reason */
  changed(reason) {
    if (MOVES.has(reason)) this.#isMoved = true;
    if (reason === "time") this.#ask();
    if (["begin", "snapshot", "ledger", "connection"].includes(reason)) this.#show();
  }

  #ask() {
    const waited = performance.now() - this.#askedAt;
    if (panel.connection !== "connected" || document.hidden || waited < (this.#isMoved ? BUSY_MS : QUIET_MS) - 100) return;
    this.#askedAt = performance.now();
    this.#isMoved = false;
    panel.askLedger(this.device);
  }

  #show() {
    const device = this.deviceState;
    const books = device?.ledger;
    if (!books) return;
    for (const part of /** @type {const} */ (["received", "committed", "in_flight", "skipped", "late", "duplicate"])) {
      write(this.part(part), number(books[part] ?? 0, 0));
    }
    this.part("outbox-box").hidden = books.outbox === undefined;
    write(this.part("outbox"), number(books.outbox ?? 0, 0));
    this.#showGaps(books);
    const wrong = imbalance(books);
    this.part("balance").dataset.balances = String(!wrong);
    write(this.part("balance-text"), wrong ?? say(books.in_flight > 0 ? "ledger.balance.under-way" : "ledger.balance"));
    const time = shortTime(device.ledgerAt ?? clock.now(), clock.now());
    write(this.part("as-of"), say(panel.hears ? "ledger.as-of" : "ledger.as-of.unheard", { time }));
  }

  /** @param {Ledger} books */
  #showGaps(books) {
    const list = this.part("gaps");
    list.hidden = books.gaps.length === 0;
    while (list.children.length > books.gaps.length) list.lastElementChild.remove();
    while (list.children.length < books.gaps.length) {
      const reason = document.createElement("span");
      reason.className = "reason";
      const line = document.createElement("li");
      line.append(reason, "");
      list.append(line);
    }
    books.gaps.forEach(({ reason, gaps, messages }, i) => {
      write(list.children[i].firstElementChild, reason);
      const said = ` ${say(gaps === 1 ? "ledger.lost-in-one" : "ledger.lost-in", { messages: number(messages, 0), gaps: number(gaps, 0) })}`;
      if (list.children[i].lastChild.data !== said) list.children[i].lastChild.data = said;
    });
  }
}

/** Which sum is wrong, in words; undefined if none is. @param {Ledger} books */
function imbalance({ received, committed, in_flight, skipped, gaps }) {
  const missing = gaps.reduce((sum, each) => sum + each.messages, 0);
  const n = (/** @type {number} */ value) => number(value, 0);
  if (received !== committed + in_flight) {
    return say("ledger.wrong.received", { received: n(received), committed: n(committed), under_way: n(in_flight) });
  }
  if (skipped !== missing) return say("ledger.wrong.lost", { lost: n(skipped), missing: n(missing) });
  return undefined;
}

/** @param {Element} element @param {string} content */
function write(element, content) {
  if (element.textContent !== content) element.textContent = content;
}
