/**
 * Every text of the pages that Glassline itself says, by name: for another language, or another tone, this is the file. What a view
 * or a device says is theirs and not here.
 *
 * `{name}` in a text is filled in. The hub reads the same object for its templates, so it is written as JSON: names and texts
 * in double quotes, nothing behind the last.
 */
export const WORDS = {
  "theme.auto": "Theme: as the system",
  "theme.light": "Theme: light",
  "theme.dark": "Theme: dark",
  "storage.failed": "The hub cannot write to its disk since {since}{why}. Nothing is taken over; devices keep what they measure.",







  "durability.disk": "On disk: what was acked survives a killed process and a power cut.",
  "durability.lazy": "Lazy: what was acked survives a killed process; a power cut may lose the last seconds.",
  "durability.memory": "In memory: what was acked is lost when the hub ends.",

  "ledger.lost-in-one": "{messages} lost in {gaps} gap",
  "ledger.lost-in": "{messages} lost in {gaps} gaps",
  "ledger.balance": "The books balance: every message received is committed, and every lost one is in a recorded gap.",
  "ledger.balance.under-way": "The books balance: every message received is committed or on its way, and every lost one is in a recorded gap.",
  "ledger.wrong.received": "The books do not balance: {received} received are not {committed} committed and {under_way} on their way.",
  "ledger.wrong.lost": "The books do not balance: {lost} are lost, and {missing} are in recorded gaps.",
  "ledger.as-of": "As of {time}.",
  "ledger.as-of.unheard": "As of {time}, when the hub was last heard.",

  "panels.not-renewed": "The list cannot be renewed: {reason}",
  "gateways.here": "in the hub’s own process: no spool, no uplink",
  "gateways.never": "never connected",
  "gateways.not-yet": "not connected since the hub started",
  "gateways.said-last": "{value}, as it said last",
  "gateways.said-before": "{value}, as it said last before {time}",
  "gateways.devices.unreachable": "Connected to it when its connection was lost: unreachable until it is back.",
  "gateways.via": "via {gateway}",

  "state.fresh": "Fresh",
  "state.late": "Late",
  "state.stale": "Stale",
  "state.gone": "Offline",
  "state.none": "No value yet",

  "standing.offline": "Offline",
  "standing.unreachable": "Unreachable",
  "standing.unknown": "Device is unknown",
  "standing.unheard": "No connection",
  "standing.ready": "Ready",
  "standing.reported": "Reported",

  "blocked.connecting": "Connecting",
  "blocked.unheard": "No connection to the hub",
  "blocked.offline": "Device is offline",
  "blocked.unreachable": "Its gateway is unreachable",
  "blocked.unknown": "Device is unknown",
  "blocked.denied": "You may look, not command",

  "swap.good": "Show the last good version",

  "configuration.wrong": "There is a mistake in the configuration, so what held before still does. {place}: {what}",
  "configuration.restart": "The configuration has changed: {keys} count from the next start of the hub on.",

  "connection.connecting": "Connecting",
  "connection.connected": "Connected",
  "connection.lost": "No connection",
  "connection.signed-out": "Signed out",
  "connection.lost-since": "No connection to the hub since {since}. Values are as they were then, and nothing can be asked for; trying again.",
  "connection.sign-in": "You are not logged in any more. Load the page again to log in.",
  "connection.try": "Try now",

  "receipt.asked": "Asking",
  "receipt.accepted": "Accepted",
  "receipt.queued": "Queued",
  "receipt.sent": "Sent",
  "receipt.done": "Done",
  "receipt.failed": "Failed",
  "receipt.refused": "Refused",
  "receipt.expired": "Expired",
  "receipt.cancelled": "Cancelled",
  "receipt.unknown": "Unknown",
  "receipt.expired.means": "it was not sent in time and never ran",
  "receipt.cancelled.means": "it never ran",
  "receipt.unknown.means": "no answer came; it may have run",
  "receipt.waits": "waits for the device",
  "receipt.unheard": "what became of it is not known without a connection",
  "receipt.line": "{state}: {reason}",
  "receipt.by": "{said} · {who}",
  "receipt.another": "another panel",
  "receipt.step": "{state} +{seconds} s",
  "receipt.cancel": "Cancel",
  "receipt.cancel-this": "Cancel: {label}, {value}",
  "receipt.refused.unheard": "this page has no connection to the hub",
  "receipt.refused.lost": "it did not reach the hub",
  "receipt.unknown.lost": "the connection was lost before its outcome was known",

  "asked.under-way": "→ {value}",
  "asked.unknown": "{value}",
  "asked.done": "→ {value}",
  "asked.unknown.title": "Asked for; whether it was done is not known",
  "asked.under-way.title": "Asked for, and not yet so",
  "asked.done.title": "Done, and not yet reported",
  "commands.answered": "the hub answered {status}",
  "commands.problem": "The list cannot be renewed: {reason}",

  "value.unknown": "Not known",

  "gallery.refused": "this sample refuses everything",
  "gallery.failed": "the valve is stuck",
  "gallery.not-renewed": "The samples cannot be renewed: {reason}",

  "presence.online": "Online",
  "presence.offline": "Offline",
  "presence.unreachable": "Unreachable",
  "presence.unknown": "Not known",



  "list.of": "{shown} of {all} devices",
  "list.for": "for {time}",
  "list.was": "was {presence} for {time}",
  "list.since": "since {time}",
  "list.edit": "Edit {name}",
  "list.copy": "Copy",
  "list.copied": "Copied",

  "device.never": "Never connected",
  "device.for": "{presence} for",
  "device.was-for": "Was {presence} for",
  "device.contested": "More than one device uses this id{since}: they take each other's place. Give each an id and a token of its own.",
  "device.contested.since": " since {time}",
  "device.remove.question": "Delete {name} for good?",
  "device.remove.do": "Delete {id}",
  "device.not-changed": "Not changed: {reason}",
  "device.token.of": "Token of {name}",
  "device.token.revoked": "Its tokens are taken back.",

  "alarm.alarm.above": "Alarm: above {limit}",
  "alarm.alarm.below": "Alarm: below {limit}",
  "alarm.warning.above": "Warning: above {limit}",
  "alarm.warning.below": "Warning: below {limit}",

  "value.none": "–",
  "value.items": "List · {count} items",
  "value.item": "List · 1 item",
  "value.members": "Object · {count} members",
  "value.member": "Object · 1 member",

  "input.empty": "(empty)",

  "compass.points": "N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW",


  "timeline.about": "{label}, the last {minutes} minutes: {states}",
  "timeline.share": "{state} {share} %",
  "timeline.unknown": "Not known",
  "timeline.spell": "{state} for {time}, from {from} to {to}",
  "timeline.none": "Nothing in this time.",
  "timeline.problem": "The past cannot be shown: {reason}",
  "timeline.more": "It changes too often to show all of this time.",

  "log.none": "No message yet.",
  "log.count": "×{count}",
  "log.times": "{count} times, first {time}",
  "log.problem": "Older messages cannot be shown: {reason}",

  "image.none": "No picture yet.",
  "image.elsewhere": "This is the address of a picture elsewhere. Only pictures of this hub are shown.",
  "image.not": "This is no picture: {value}",
  "image.failed": "The picture cannot be read.",

  "chart.pause": "Pause",
  "chart.pause.title": "Hold what is shown still; what comes meanwhile is kept",
  "chart.live": "Live",
  "chart.live.title": "Back to what comes now",
  "chart.window": "{from} to {to}",
  "chart.spread": "{low} to {high}",
  "chart.nothing": "No value · {time}",
  "chart.none": "no value",
  "chart.empty": "Nothing in this time",
  "chart.error": "History cannot be shown: {reason}",

  "losses.one": "{count} message lost{gaps} ({reasons})",
  "losses.many": "{count} messages lost{gaps} ({reasons})",
  "losses.gaps": " in {gaps} gaps",
  "losses.band": "{count} lost",
  "losses.band.reason": "{count} lost: {reason}"
};

/** The name of a text. @typedef {keyof typeof WORDS} Name */

/**
 * The text of a name, with what stands in braces filled in.
 * @param {Name} name
 * @param {Record<string, string | number>} [given]
 * @returns {string}
 */
export function say(name, given = {}) {
  return WORDS[name].replace(/\{(\w+)\}/g, (whole, key) => String(given[key] ?? whole));
}
