/**
 * Merges a page that was fetched again into the one that somebody looks at. What is the same in both stays as it is, with its
 * data, its focus and what was typed; what is different is replaced, and gets back what was typed in its predecessor.
 *
 * Three trees: `live`, with all that scripts have done to it; `old`, as it once came from the hub; `fresh`, as it came now. Only
 * what differs between the last two has changed.
 */
import { giveBack, hushed, keep } from "glassline/keep";

/** @typedef {{live: ChildNode, old: ChildNode, taken: boolean}} Pair */

/** Attributes that make a component what it is. */
const IDENTITY = ["data-component", "data-device", "data-channel", "data-settings", "data-label", "data-direction", "data-made"];
/** Attributes that change while a component lives. */
const LIVE = new Set(["class", "id", "data-state", "data-presence", "data-value", "data-ts", "data-receipt", "data-busy"]);
/** Attributes that name ids. */
const REFERENCES = ["id", "for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "list"];

/** @param {Element} live @param {ParentNode} old @param {ParentNode} fresh */
export function mergeChildren(live, old, fresh) {
  const active = document.activeElement;
  const pairs = pairUp([...live.childNodes], [...old.childNodes]);
  const matches = match(pairs, [...fresh.childNodes]);
  const known = new Set(pairs.map((pair) => pair.live));
  for (const { live: gone, taken } of pairs) if (!taken) remove(gone);
  /** @type {ChildNode | null} */
  let at = live.firstChild;
  for (const child of [...fresh.childNodes]) {
    const pair = matches.get(child);
    const stays = pair && mergeNode(pair, child);
    const node = stays ? pair.live : /** @type {ChildNode} */ (document.importNode(child, true));
    // What a script has added stays where it is.
    while (at && !known.has(at)) at = at.nextSibling;
    if (node === at) at = at.nextSibling;
    else if (stays) move(live, node, at);
    else {
      live.insertBefore(node, pair?.live.parentNode === live ? pair.live : at);
      if (pair && at === pair.live) at = at.nextSibling;
      if (pair) replace(pair.live, node);
    }
  }
  if (active instanceof HTMLElement && active.isConnected && document.activeElement !== active) active.focus({ preventScroll: true });
}

/** Live nodes and what they were when they came: by id, else by the order of their names. @param {ChildNode[]} live @param {ChildNode[]} old @returns {Pair[]} */
function pairUp(live, old) {
  const [liveKeys, oldKeys] = [keysOf(live), keysOf(old)];
  const found = new Map(oldKeys.map((key, index) => [key, old[index]]));
  return live.flatMap((node, index) => {
    const was = found.get(liveKeys[index] ?? "");
    return was ? [{ live: node, old: was, taken: false }] : [];
  });
}

/** @param {ChildNode[]} nodes @returns {string[]} */
function keysOf(nodes) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  return nodes.map((node) => {
    if (node instanceof Element && node.id) return `#${node.id}`;
    const count = (counts.get(node.nodeName) ?? 0) + 1;
    counts.set(node.nodeName, count);
    return `${node.nodeName} ${count}`;
  });
}

/**
 * Which pair each fresh node goes on with: components by what they are, wherever they stand now; then everything by its key.
 * @param {Pair[]} pairs
 * @param {ChildNode[]} fresh
 */
function match(pairs, fresh) {
  /** @type {Map<ChildNode, Pair>} */
  const matches = new Map();
  /** @param {ChildNode} node @param {(pair: Pair) => boolean} fits */
  const take = (node, fits) => {
    const pair = matches.has(node) ? undefined : pairs.find((each) => !each.taken && fits(each));
    if (!pair) return;
    pair.taken = true;
    matches.set(node, pair);
  };
  const [freshKeys, oldKeys] = [keysOf(fresh), keysOf(pairs.map((pair) => pair.old))];
  // What stands where it stood comes first: of several that are alike none changes places.
  const exact = (/** @type {Pair} */ pair, /** @type {ChildNode} */ node) => isComponent(node) && isComponent(pair.old) && isSame(pair.old, node);
  fresh.forEach((node, index) => take(node, (pair) => exact(pair, node) && oldKeys[pairs.indexOf(pair)] === freshKeys[index]));
  for (const node of fresh) take(node, (pair) => exact(pair, node));
  fresh.forEach((node, index) => take(node, (pair) => oldKeys[pairs.indexOf(pair)] === freshKeys[index]));
  return matches;
}

/** Whether the live node can stay, with what is new in it taken over. @param {Pair} pair @param {ChildNode} fresh @returns {boolean} */
function mergeNode({ live, old }, fresh) {
  if (live.nodeName !== fresh.nodeName) return false;
  if (!(live instanceof Element) || !(old instanceof Element) || !(fresh instanceof Element)) {
    if (old.nodeValue !== fresh.nodeValue) live.nodeValue = fresh.nodeValue;
    return true;
  }
  if (isComponent(fresh)) {
    if (!isComponent(old) || !isSame(old, fresh)) return false;
  } else if (old.isEqualNode(fresh)) {
    return true;
  } else if (!holdsComponents(old) || !holdsComponents(fresh)) {
    return false;
  }
  takeAttributes(live, old, fresh);
  if (!isComponent(fresh)) mergeChildren(live, old, fresh);
  return true;
}

/** @param {Element} live @param {Element} old @param {Element} fresh */
function takeAttributes(live, old, fresh) {
  for (const name of new Set([...old.getAttributeNames(), ...fresh.getAttributeNames()])) {
    const value = fresh.getAttribute(name);
    if (LIVE.has(name) || value === old.getAttribute(name)) continue;
    if (value === null) live.removeAttribute(name);
    else live.setAttribute(name, value);
  }
  live.classList.remove(...[...old.classList].filter((name) => !fresh.classList.contains(name)));
  live.classList.add(...[...fresh.classList].filter((name) => !old.classList.contains(name)));
  if (old.id !== fresh.id) rename(live, old.id, fresh.id);
}

/** A component has another id now, because there are more of its channel: so have its parts. @param {Element} live @param {string} from @param {string} to */
function rename(live, from, to) {
  for (const element of [live, ...live.querySelectorAll("*")]) {
    for (const name of REFERENCES) {
      const value = element.getAttribute(name);
      if (!value?.includes(from)) continue;
      const names = value.split(" ").map((id) => (id === from || id.startsWith(`${from}-`) ? to + id.slice(from.length) : id));
      element.setAttribute(name, names.join(" "));
    }
  }
}

/** The new one stands beside the old one already, so that its device is watched all the time. @param {ChildNode} old @param {ChildNode} fresh */
function replace(old, fresh) {
  if (!(old instanceof HTMLElement) || !(fresh instanceof HTMLElement)) return old.remove();
  const kept = keep(old);
  hushed(old, () => {
    giveBack(fresh, kept);
    old.remove();
  });
}

/** @param {ChildNode} node */
function remove(node) {
  if (node instanceof HTMLElement) hushed(node, () => node.remove());
  else node.remove();
}

/** Moves a node without taking it off the page, where the browser can. @param {Element} parent @param {ChildNode} node @param {ChildNode | null} before */
function move(parent, node, before) {
  const moving = /** @type {{moveBefore?: (node: Node, before: Node | null) => void}} */ (/** @type {unknown} */ (parent));
  if (moving.moveBefore) moving.moveBefore(node, before);
  else if (node instanceof HTMLElement) hushed(node, () => parent.insertBefore(node, before));
  else parent.insertBefore(node, before);
}

/** @param {Node} node @returns {node is HTMLElement} */
function isComponent(node) {
  return node instanceof Element && node.localName === `gl-${node.getAttribute("data-component")}`;
}

/** @param {Element} element */
function holdsComponents(element) {
  return element.querySelector("[data-component]") !== null;
}

/** @param {Element} old @param {Element} fresh */
function isSame(old, fresh) {
  return IDENTITY.every((name) => old.getAttribute(name) === fresh.getAttribute(name));
}
