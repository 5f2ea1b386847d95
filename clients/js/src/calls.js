// What the program wants to be told, and how it is called: one call after another, never from within one of the device's own,
// and what a handler throws is its own affair.

import { CALLS_WAITING_MAX, LINE_BYTES_MAX } from "./limits.js";
import { json, result } from "./session/messages.js";
import { textBytes } from "./session/text.js";

/** @import { Command, Outcome } from "./session/messages.js" */

export class Calls {
  /** By channel; without one for all others. @type {Map<string | undefined, (value: any, command: Command) => unknown>} */
  commands = new Map();
  /** @type {((resumed: boolean) => unknown) | undefined} */
  connected;
  /** @type {((reason: import("./core.js").Reason) => unknown) | undefined} */
  disconnected;
  /** @type {((line: string) => unknown) | undefined} */
  message;
  /** @type {((token: string) => unknown) | undefined} */
  token;
  /** @type {(() => unknown)[]} */
  #waiting = [];
  #running = false;
  #report;

  /** @param {(words: string, error?: unknown) => void} report */
  constructor(report) {
    this.#report = report;
  }

  /** For people. @param {string} words @param {unknown} [error] */
  report(words, error) {
    try {
      this.#report(words, error);
    } catch {
      // There is nobody else to tell.
    }
  }

  /** @param {boolean} resumed */
  tellConnected(resumed) {
    if (this.connected) this.#call(() => this.connected?.(resumed));
  }

  /** @param {import("./core.js").Reason} reason */
  tellDisconnected(reason) {
    if (this.disconnected) this.#call(() => this.disconnected?.(reason));
  }

  /** @param {string} line */
  tellMessage(line) {
    if (this.message) this.#call(() => this.message?.(line));
  }

  /** @param {string} token */
  tellToken(token) {
    if (this.token) this.#call(() => this.token?.(token));
  }

  /** Has a command done and answers it. @param {Command} command @param {(outcome: Outcome) => void} answer */
  obey(command, answer) {
    const waits = this.#call(async () => answer(await this.#obeyed(command)));
    if (!waits) answer(failed(command, "the program is too busy"));
  }

  /** @param {Command} command @returns {Promise<Outcome>} */
  async #obeyed(command) {
    const handler = this.commands.get(command.channel) ?? this.commands.get(undefined);
    if (!handler) return failed(command, `nothing here takes commands on ${command.channel}`);
    try {
      return done(command, await handler(command.value, command));
    } catch (error) {
      this.report(`the handler of commands on ${command.channel} failed:`, error);
      return failed(command, wordsOf(error));
    }
  }

  /** Calls as soon as what came before is through. Answers whether there is room to wait. @param {() => unknown} call */
  #call(call) {
    if (this.#waiting.length >= CALLS_WAITING_MAX) {
      this.report("a handler does not come back; something is not told");
      return false;
    }
    this.#waiting.push(call);
    if (!this.#running) {
      this.#running = true;
      queueMicrotask(() => this.#callAll());
    }
    return true;
  }

  async #callAll() {
    for (let call = this.#waiting.shift(); call; call = this.#waiting.shift()) {
      try {
        await call();
      } catch (error) {
        this.report("a handler failed:", error);
      }
    }
    this.#running = false;
  }
}

/** What the hub would skip is no answer: nobody would know what became of the command. @param {Command} command @param {unknown} value */
function done(command, value) {
  if (value === undefined || value === null) return { command: command.number, ok: true };
  const text = json(value);
  if (text === undefined) return failed(command, "done, but the answer is none that can be sent");
  const outcome = { command: command.number, ok: true, value: text };
  return textBytes(result(outcome)) <= LINE_BYTES_MAX ? outcome : failed(command, "done, but the answer is too long");
}

/** @param {Command} command @param {string} reason @returns {Outcome} */
const failed = (command, reason) => ({ command: command.number, ok: false, reason });

/** @param {unknown} error */
function wordsOf(error) {
  try {
    return error instanceof Error ? error.message || error.name : String(error);
  } catch {
    return "the program failed";
  }
}
