/**
 * What this page knows about the devices it watches: snapshots and patches go in, state per device and a list of what
 * changed come out. No socket, no clock, no document: the time is an argument, so a test can cut the connection.
 */

/** Most commands whose receipts are kept; the oldest settled one makes room. */
export const COMMANDS_MAX = 200;

/** States in which a command may still change. */
const UNDER_WAY = new Set(["asked", "accepted", "queued", "sent"]);

/** @typedef {"online" | "offline" | "unreachable" | "unknown"} Presence */
/** @typedef {{unit?: string, min?: number, max?: number, every?: number, input?: string, [key: string]: unknown}} ChannelDescription */
/** @typedef {{value: unknown, ts: number, every?: number}} Latest */
/** Messages `from` to `to` that will never come. @typedef {{from: number, to: number, reason: string}} Gap */

/**
 * The books of a device: what came from it and what became of that, in messages.
 * @typedef {object} Ledger
 * @property {number} received
 * @property {number} committed
 * @property {number} in_flight
 * @property {number} duplicate
 * @property {number} skipped
 * @property {number} late
 * @property {{reason: string, gaps: number, messages: number}[]} gaps
 * @property {number} [outbox] what the device still holds, where it tells
 */

/** Whether the hub's storage works. @typedef {{failed: false} | {failed: true, since: number, reason: string}} Storage */

/** A mistake in the hub's configuration, or keys that count from its next start on. @typedef {{place?: string, what?: string, keys?: string[]}} Configuration */

/**
 * One value of a channel. `late`: it belongs in history and is never "now".
 * @typedef {{channel: string, value: unknown, ts: number, late: boolean}} Sample
 */

/**
 * @typedef {object} DeviceState
 * @property {string} id
 * @property {boolean} known  false: the hub has never heard of it
 * @property {string} name
 * @property {string[]} labels  what people sort it by
 * @property {string | undefined} gateway  which gateway it is behind, where it is behind one
 * @property {Presence} presence
 * @property {number | undefined} since  ms; since when it has that presence
 * @property {number | undefined} cursor  position in the device's log; undefined before the first snapshot
 * @property {number | undefined} key  of which device of this id the cursor is: one that is made anew has another
 * @property {Map<string, Latest>} channels
 * @property {Map<string, number>} rhythms  channels' usual intervals, ms, where they are known
 * @property {Record<string, ChannelDescription>} describe
 * @property {number | undefined} heard  ms; when it was last heard; undefined: it never connected
 * @property {number} received  log entries shown to this page
 * @property {number} skipped  log entries this page was moved past
 * @property {{received?: number, gaps?: number}} counts  what the hub counted, kept up to date by patches
 * @property {Ledger | undefined} ledger  as it was at `ledgerAt`
 * @property {number | undefined} ledgerAt  ms
 * @property {number | undefined} contested  ms; since when more than one device uses its id
 * @property {boolean} isCurrent  the hub has said on this connection how things stand with it
 */

/**
 * What became of a command. `asked` is this page's own word for "on its way to the hub".
 * @typedef {object} Receipt
 * @property {string} id
 * @property {string} device
 * @property {string} channel
 * @property {string} state
 * @property {string | undefined} by
 * @property {string | undefined} reason
 * @property {unknown} value  the device's answer
 * @property {boolean} mine  asked for on this page
 * @property {string | undefined} intent  `now`, `latest` or `queue`, where it was asked for on this page
 * @property {boolean} guessed  this page settled it without having heard of its end: what the hub says later counts
 * @property {unknown} asked  the value asked for, where it is known
 * @property {string | undefined} component  the component of this page that asked
 * @property {{state: string, at: number}[]} way  every state it was in
 */

/** @typedef {{id: string, presence: Presence, since?: number, name?: string, labels?: string[], gateway?: string}} ListEntry */

/**
 * What a message changed.
 * @typedef {{kind: "snapshot" | "presence" | "describe" | "rhythm" | "channels" | "removed" | "ledger" | "contested", device: string}
 *   | {kind: "sample", device: string, sample: Sample}
 *   | {kind: "gap", device: string, gap: Gap}
 *   | {kind: "skipped", device: string, count: number}
 *   | {kind: "hole", device: string, missing: number}
 *   | {kind: "command", device: string, receipt: Receipt}
 *   | {kind: "rights", device: string}
 *   | {kind: "scopes", scopes: string[]}
 *   | {kind: "devices"}
 *   | {kind: "storage"}
 *   | {kind: "swap", library: string, within: number}
 *   | {kind: "configuration"}
 *   | {kind: "error", code: string, reason: string}} Change
 */

/** @typedef {Record<string, any>} Message */

export class Watch {
  /** Name of the hub's log; cursors mean nothing in another one. @type {string | undefined} */
  log = undefined;
  /** @type {Map<string, DeviceState>} */
  devices = new Map();
  /** The device list, once it is watched and has come. @type {Map<string, ListEntry> | undefined} */
  list = undefined;
  /** @type {Map<string, Receipt>} */
  commands = new Map();
  /** What whoever looks may with a device, where that is not everything they may at all. @type {Map<string, string[]>} */
  rights = new Map();
  /** @type {Storage} */
  storage = { failed: false };
  /** What is to be said of the hub's configuration. @type {Configuration} */
  configuration = {};

  /**
   * A new connection has begun: what to say on it so that nothing is missed.
   * @param {{log?: string}} welcome
   * @param {Iterable<string>} wanted ids of the devices that the page shows
   * @param {boolean} wantsList
   * @returns {Message[]}
   */
  resume(welcome, wanted, wantsList) {
    const sameLog = this.log !== undefined && welcome.log === this.log;
    this.log = welcome.log;
    this.rights.clear();
    for (const device of this.devices.values()) {
      device.isCurrent = false;
      if (!sameLog) device.cursor = undefined;
    }
    /** @type {Message[]} */
    const messages = [];
    const ids = [...wanted];
    if (ids.length > 0) messages.push(this.ask(ids));
    if (wantsList) messages.push({ watch_devices: true });
    return messages;
  }

  /**
   * The message that watches `ids` from where this page is.
   * @param {string[]} ids
   * @returns {Message}
   */
  ask(ids) {
    /** @type {Record<string, number>} */
    const after = {};
    /** @type {Record<string, number>} */
    const keys = {};
    for (const id of ids) {
      const device = this.devices.get(id);
      if (device?.cursor === undefined) continue;
      after[id] = device.cursor;
      if (device.key !== undefined) keys[id] = device.key;
    }
    if (Object.keys(after).length === 0) return { watch: ids };
    return { watch: ids, log: this.log, after, ...(Object.keys(keys).length > 0 ? { keys } : {}) };
  }

  /**
   * Takes in one message of the hub.
   * @param {Message} message
   * @param {number} now the hub's time, ms
   * @returns {Change[]} what is different now, in order
   */
  apply(message, now) {
    if (typeof message.snapshot === "string") return this.#snapshot(message, now);
    if (typeof message.command === "string") return this.#command(message, now);
    if (message.error) return [{ kind: "error", code: String(message.error.code), reason: String(message.error.reason) }];
    if (Array.isArray(message.devices)) return this.#devices(message.devices);
    if (typeof message.removed === "string") return this.#removed(message.removed);
    if (typeof message.storage === "string") return this.#storage(message, now);
    if (message.swap) return [{ kind: "swap", library: String(message.swap.library), within: Number(message.swap.within ?? 0) }];
    if (typeof message.configuration === "string") return this.#configuration(message);
    if (Array.isArray(message.scopes)) return [{ kind: "scopes", scopes: message.scopes }];
    if (typeof message.device === "string" && Array.isArray(message.may)) return this.#rights(message.device, message.may);
    if (typeof message.device === "string") return this.#patch(message, now);
    return [];
  }

  /**
   * This page asks for something: its receipt begins here, before the hub has heard of it.
   * @param {{command: string, device: string, channel: string, value: unknown, component?: string, intent?: string}} command
   * @param {number} now
   * @returns {Change[]}
   */
  asked(command, now) {
    /** @type {Receipt} */
    const receipt = {
      id: command.command, device: command.device, channel: command.channel, state: "asked", by: undefined, reason: undefined,
      value: undefined, mine: true, asked: command.value, component: command.component, intent: command.intent, guessed: false,
      way: [{ state: "asked", at: now }],
    };
    this.#keep(receipt);
    return [{ kind: "command", device: receipt.device, receipt }];
  }

  /** Own commands that may still change. @returns {Receipt[]} */
  underWay() {
    return [...this.commands.values()].filter((receipt) => receipt.mine && isUnderWay(receipt));
  }

  /**
   * The newest command on a channel.
   * @param {string} device
   * @param {string} channel
   * @param {(receipt: Receipt) => boolean} [counts] of which ones; all of them if not given
   * @returns {Receipt | undefined}
   */
  receipt(device, channel, counts = () => true) {
    let newest;
    for (const receipt of this.commands.values()) {
      if (receipt.device === device && receipt.channel === channel && counts(receipt)) newest = receipt;
    }
    return newest;
  }

  /** @param {Message} message @param {number} now @returns {Change[]} */
  #snapshot(message, now) {
    const id = message.snapshot;
    const before = this.devices.get(id);
    const device = before ?? blank(id);
    this.devices.set(id, device);
    device.known = message.known !== false;
    device.name = message.name || id;
    device.labels = message.labels ?? [];
    device.gateway = message.gateway;
    device.presence = device.known ? (message.presence ?? "offline") : "unknown";
    device.isCurrent = true;
    device.since = message.since;
    device.cursor = message.cursor;
    device.key = message.key;
    device.ledger = message.ledger;
    device.ledgerAt = now;
    device.contested = message.contested ?? undefined;
    device.describe = message.describe ?? {};
    device.counts = { ...message.counts };
    device.channels = new Map(Object.entries(message.channels ?? {}).map(([name, latest]) => [name, { ...latest }]));
    device.rhythms = new Map([...device.channels].flatMap(([name, { every }]) => (every === undefined ? [] : [[name, every]])));
    device.heard = message.last_seen ?? newest(device.channels);
    /** @type {Message[]} */
    const commands = message.commands ?? [];
    return [{ kind: "snapshot", device: id }, ...commands.flatMap((command) => this.#command({ device: id, ...command }, now))];
  }

  /** @param {Message} message @param {number} now @returns {Change[]} */
  #patch(message, now) {
    const device = this.devices.get(message.device);
    const listed = this.#listPatch(message);
    if (!device) return listed;
    if (typeof message.cursor !== "number") return [...this.#standing(device, message, now), ...listed];
    // Before the snapshot there is nothing to patch; what was already shown is not shown again.
    if (device.cursor === undefined || message.cursor <= device.cursor) return listed;

    const skipped = message.skipped ?? 0;
    const missing = message.cursor - device.cursor - 1 - skipped;
    device.cursor = message.cursor;
    device.skipped += skipped;
    device.received += 1;
    if (message.lost) return [...passed(device, skipped, missing), ...gap(device, message.lost)];
    if (device.counts.received !== undefined) device.counts.received += 1 + skipped;
    return [...passed(device, skipped, missing), ...this.#samples(device, message, now), ...listed];
  }

  /** @param {DeviceState} device @param {Message} message @param {number} now @returns {Change[]} */
  #samples(device, message, now) {
    const values = typeof message.channel === "string" ? { [message.channel]: message.value } : (message.values ?? {});
    const ts = message.ts ?? now;
    /** @type {Change[]} */
    const changes = [];
    let isNewChannel = false;
    for (const [channel, value] of Object.entries(values)) {
      const before = device.channels.get(channel);
      if (!before) isNewChannel = true;
      // Where only some of a message's samples are late, their time tells.
      const late = message.late === true || (before !== undefined && ts < before.ts);
      if (!late || !before) device.channels.set(channel, { value, ts, every: device.rhythms.get(channel) });
      changes.push({ kind: "sample", device: device.id, sample: { channel, value, ts, late } });
    }
    if (message.late !== true) device.heard = Math.max(device.heard ?? 0, ts);
    if (isNewChannel) changes.push({ kind: "channels", device: device.id });
    return changes;
  }

  /**
   * Presence, description, rhythms, books: they have no place in the log.
   * @param {DeviceState} device
   * @param {Message} message
   * @param {number} now
   * @returns {Change[]}
   */
  #standing(device, message, now) {
    /** @type {Change[]} */
    const changes = [];
    if (typeof message.name === "string") {
      device.name = message.name;
      device.labels = message.labels ?? [];
      device.gateway = message.gateway;
    }
    if (message.describe) {
      device.describe = message.describe;
      changes.push({ kind: "describe", device: device.id });
    }
    if (message.every) {
      for (const [channel, every] of Object.entries(message.every)) rhythm(device, channel, every ?? undefined);
      changes.push({ kind: "rhythm", device: device.id });
    }
    if (message.presence) {
      device.known = true;
      device.isCurrent = true;
      device.presence = message.presence;
      device.since = message.since;
      if (message.presence === "online") device.heard ??= message.since;
      changes.push({ kind: "presence", device: device.id });
    }
    if (message.ledger) {
      device.ledger = message.ledger;
      device.ledgerAt = message.at ?? now;
      changes.push({ kind: "ledger", device: device.id });
    }
    if (message.contested !== undefined && (message.contested ?? undefined) !== device.contested) {
      device.contested = message.contested ?? undefined;
      changes.push({ kind: "contested", device: device.id });
    }
    return changes;
  }

  /** @param {Message} message @param {number} now @returns {Change[]} */
  #storage(message, now) {
    const failed = message.storage === "failed";
    this.storage = failed ? { failed, since: message.since ?? now, reason: message.reason ?? "" } : { failed };
    return [{ kind: "storage" }];
  }

  /** @param {Message} message @returns {Change[]} */
  #configuration({ configuration, place, what, keys }) {
    this.configuration = configuration === "wrong" ? { place, what } : configuration === "restart" ? { keys } : {};
    return [{ kind: "configuration" }];
  }

  /** @param {string} device @param {string[]} may @returns {Change[]} */
  #rights(device, may) {
    this.rights.set(device, may);
    return [{ kind: "rights", device }];
  }

  /** @param {ListEntry[]} entries @returns {Change[]} */
  #devices(entries) {
    this.list = new Map(entries.map((entry) => [entry.id, { ...entry }]));
    return [{ kind: "devices" }];
  }

  /** @param {Message} message @returns {Change[]} */
  #listPatch(message) {
    if (!this.list || !message.presence) return [];
    const before = this.list.get(message.device);
    this.list.set(message.device, {
      id: message.device, presence: message.presence, since: message.since, name: message.name ?? before?.name,
      labels: message.labels ?? [], gateway: message.gateway,
    });
    return [{ kind: "devices" }];
  }

  /** @param {string} id @returns {Change[]} */
  #removed(id) {
    /** @type {Change[]} */
    const changes = [];
    if (this.list?.delete(id)) changes.push({ kind: "devices" });
    if (this.devices.has(id)) {
      this.devices.set(id, blank(id));
      changes.push({ kind: "removed", device: id });
    }
    return changes;
  }

  /** @param {Message} message @param {number} now @returns {Change[]} */
  #command(message, now) {
    const refusal = message.error ? { state: "refused", reason: String(message.error.reason) } : undefined;
    const state = refusal?.state ?? message.state;
    const before = this.commands.get(message.command);
    const device = message.device ?? before?.device;
    const channel = message.channel ?? before?.channel;
    if (typeof state !== "string" || device === undefined || channel === undefined) return [];
    // Settled is settled; only what was in doubt may still be cleared up.
    if (before && !isUnderWay(before) && before.state !== "unknown" && !before.guessed) return [];
    if (before?.state === state && before.reason === message.reason) return [];
    /** @type {Receipt} */
    const receipt = {
      id: message.command, device, channel, state, by: message.by ?? before?.by, reason: refusal?.reason ?? message.reason,
      value: message.value, mine: before?.mine ?? false, asked: message.asked ?? before?.asked, component: before?.component,
      intent: before?.intent, guessed: message.guessed === true,
      way: [...(before?.way ?? []), { state, at: now }],
    };
    this.#keep(receipt);
    return [{ kind: "command", device, receipt }];
  }

  /** @param {Receipt} receipt */
  #keep(receipt) {
    this.commands.set(receipt.id, receipt);
    if (this.commands.size <= COMMANDS_MAX) return;
    for (const old of this.commands.values()) {
      if (isUnderWay(old)) continue;
      this.commands.delete(old.id);
      return;
    }
  }
}

/** Whether a command may still change by itself. @param {Receipt} receipt */
export function isUnderWay(receipt) {
  return UNDER_WAY.has(receipt.state);
}

/** @param {string} id @returns {DeviceState} */
function blank(id) {
  return {
    id, known: false, name: id, labels: [], gateway: undefined, presence: "unknown", since: undefined, cursor: undefined, key: undefined, channels: new Map(), rhythms: new Map(), describe: {},
    heard: undefined, received: 0, skipped: 0, counts: {}, ledger: undefined, ledgerAt: undefined, contested: undefined,
    isCurrent: true,
  };
}

/**
 * The usual interval of a channel is another one, or not known any more.
 * @param {DeviceState} device
 * @param {string} channel
 * @param {number | undefined} every ms
 */
function rhythm(device, channel, every) {
  if (every === undefined) device.rhythms.delete(channel);
  else device.rhythms.set(channel, every);
  const latest = device.channels.get(channel);
  if (latest) latest.every = every;
}

/** @param {Map<string, Latest>} channels @returns {number | undefined} */
function newest(channels) {
  const times = [...channels.values()].map((latest) => latest.ts);
  return times.length > 0 ? Math.max(...times) : undefined;
}

/**
 * What this page was moved past, as the hub said, and what is missing although it said nothing.
 * @param {DeviceState} device
 * @param {number} skipped
 * @param {number} missing
 * @returns {Change[]}
 */
function passed(device, skipped, missing) {
  /** @type {Change[]} */
  const changes = [];
  if (skipped > 0) changes.push({ kind: "skipped", device: device.id, count: skipped });
  if (missing > 0) changes.push({ kind: "hole", device: device.id, missing });
  return changes;
}

/** @param {DeviceState} device @param {Gap} lost @returns {Change[]} */
function gap(device, lost) {
  if (device.counts.gaps !== undefined) device.counts.gaps += 1;
  return [{ kind: "gap", device: device.id, gap: lost }];
}
