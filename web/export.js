/**
 * What a reader sees of a chart, to take away: its values as CSV, its picture as PNG.
 */
import { count, endOf } from "glassline/losses";
import { visible } from "glassline/strokes";

/** Space around what is in a picture, px. */
const MARGIN = 16;
/** Height of a line of text in a picture, px. */
const LINE = 20;
/** Width of a stroke in the legend of a picture, px. */
const SWATCH = 24;
/** Distance of the lines that hatch a loss, px. */
const HATCH = 6;

/** @typedef {import("glassline/losses").Band} Band */
/** @typedef {import("glassline/losses").Loss} Loss */
/** @typedef {import("glassline/series").Rows} Rows */
/** @typedef {import("glassline/strokes").Window} Window */

/**
 * The values of a window as CSV (RFC 4180): a line for each time, in UTC, in order; a column for each channel, or three where rows
 * are of several samples. What was lost follows as lines of its own column.
 * @param {{name: string, unit: string, rows: Rows}[]} channels
 * @param {Window} window
 * @param {readonly Loss[]} losses
 * @returns {string}
 */
export function csv(channels, window, losses) {
  const columns = channels.map(({ name, unit, rows }) => ({ ...columnsOf(rows, window), head: unit ? `${name} [${unit}]` : name }));
  const seen = losses.filter((loss) => endOf(loss) >= window.from && loss.from <= window.to);
  /** @type {Map<number, (number | undefined)[][]>} */
  const lines = new Map();
  columns.forEach(({ cells }, column) => {
    for (const [ts, values] of cells) {
      const line = lines.get(ts) ?? columns.map(() => []);
      line[column] = values;
      lines.set(ts, line);
    }
  });
  for (const loss of seen) if (!lines.has(loss.from)) lines.set(loss.from, columns.map(() => []));
  const lost = new Map(seen.map((loss) => [loss.from, `${count([loss])} (${loss.reason})`]));
  const head = ["time", ...columns.flatMap(({ head, isSummed }) => (isSummed ? ["mean", "min", "max"].map((what) => `${head} ${what}`) : [head])), ...(seen.length > 0 ? ["messages lost after"] : [])];
  const body = [...lines].sort(([a], [b]) => a - b).map(([ts, line]) => [
    new Date(ts).toISOString(),
    ...columns.flatMap(({ isSummed }, column) => Array.from({ length: isSummed ? 3 : 1 }, (_, i) => line[column][i] ?? "")),
    ...(seen.length > 0 ? [lost.get(ts) ?? ""] : []),
  ]);
  return [head, ...body].map((fields) => `${fields.map(field).join(",")}\r\n`).join("");
}

/** @param {Rows} rows @param {Window} window */
function columnsOf(rows, window) {
  const { first, end } = visible(rows, window);
  /** @type {[ts: number, values: number[]][]} */
  const cells = [];
  let isSummed = false;
  for (let i = first; i < end; i++) {
    if (rows.ts[i] < window.from || rows.ts[i] > window.to) continue;
    isSummed ||= rows.count[i] > 1;
    cells.push([Math.round(rows.ts[i]), [rows.mean[i], rows.min[i], rows.max[i]]]);
  }
  return { cells, isSummed };
}

/**
 * Where a spreadsheet would begin a formula: at the beginning of a field, behind blanks and quotes too, and behind whatever it takes
 * for the end of one. Where the comma is for decimals that is a semicolon.
 */
const FORMULA = /(^|[;,|\t\r\n])([\s"'\p{Cf}]*)(?=[=+\-@＝＋－＠])/gu;

/** A field; what a spreadsheet would take for a formula is a text to it. @param {string | number} value */
function field(value) {
  if (typeof value === "number") return String(value);
  const safe = value.replaceAll("\0", "").replace(FORMULA, "$1$2'");
  return /[";,|\t\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * What is drawn around a chart's own canvas in its picture.
 * @typedef {object} Picture
 * @property {HTMLCanvasElement} canvas the chart's
 * @property {number} ratio pixels of the canvas for one of the page
 * @property {string} title
 * @property {string} time what stretch of time it shows
 * @property {{name: string, colour: string, outline: readonly (readonly [number, number])[], value: string}[]} legend
 * @property {{left: string, right: string}} units
 * @property {{left: number, top: number, width: number, height: number}} over where the drawing is in the canvas, px of the page
 * @property {Band[]} losses
 * @property {(name: string) => string} colour of a variable
 * @property {(size: number) => string} font
 */

/** A picture of a chart as it stands. @param {Picture} picture @returns {Promise<Blob>} */
export async function png(picture) {
  const { canvas, ratio, colour } = picture;
  const [width, height] = [canvas.width / ratio, canvas.height / ratio];
  // Drawn twice: only then is known how many lines the legend has.
  const head = drawHead(surface(1, 1).context, picture, width);
  const { drawing, context } = surface((width + 2 * MARGIN) * ratio, (height + head + MARGIN) * ratio);
  context.scale(ratio, ratio);
  context.fillStyle = colour("--surface");
  context.fillRect(0, 0, drawing.width, drawing.height);
  drawHead(context, picture, width);
  context.drawImage(canvas, MARGIN, head, width, height);
  context.font = picture.font(12);
  context.fillStyle = colour("--muted");
  context.fillText(picture.units.left, MARGIN, head + 8);
  context.textAlign = "right";
  context.fillText(picture.units.right, MARGIN + width, head + 8);
  const { over } = picture;
  for (const { left, width } of picture.losses) hatch(context, { left: MARGIN + over.left + left, top: head + over.top, width, height: over.height }, colour("--warning"));
  return drawing.convertToBlob({ type: "image/png" });
}

/** @param {number} width @param {number} height px */
function surface(width, height) {
  const drawing = new OffscreenCanvas(Math.round(width), Math.round(height));
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (drawing.getContext("2d"));
  context.textBaseline = "middle";
  return { drawing, context };
}

/** Title, time and legend; how high they are together, px. @param {OffscreenCanvasRenderingContext2D} context @param {Picture} picture @param {number} width px */
function drawHead(context, { title, time, legend, colour, font }, width) {
  let [x, y] = [MARGIN, MARGIN + LINE / 2];
  const write = (/** @type {string} */ text, /** @type {string} */ ink, /** @type {number} */ size, room = 0) => {
    context.font = font(size);
    const needed = context.measureText(text).width;
    if (x > MARGIN && x + room + needed > MARGIN + width) [x, y] = [MARGIN, y + LINE];
    context.fillStyle = colour(ink);
    context.fillText(text, x + room, y);
    const begin = x;
    x += room + needed + 16;
    return begin;
  };
  write(title, "--text", 16);
  write(time, "--muted", 13);
  if (legend.length > 0) [x, y] = [MARGIN, y + LINE * 1.25];
  for (const item of legend) {
    const begin = write(`${item.name}  ${item.value}`.trim(), "--text", 13, SWATCH + 6);
    drawSwatch(context, begin, y, item);
  }
  return y + LINE;
}

/** @param {OffscreenCanvasRenderingContext2D} context @param {number} x @param {number} y px @param {Picture["legend"][number]} item */
function drawSwatch(context, x, y, { colour, outline }) {
  context.fillStyle = colour;
  context.fillRect(x, y - 1, SWATCH, 2);
  context.beginPath();
  for (const [dx, dy] of outline) context.lineTo(x + SWATCH / 2 + dx * 4, y + dy * 4);
  context.fill();
}

/** @param {OffscreenCanvasRenderingContext2D} context @param {{left: number, top: number, width: number, height: number}} box @param {string} colour */
function hatch(context, { left, top, width, height }, colour) {
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.strokeStyle = colour;
  context.strokeRect(left, top, width, height);
  context.beginPath();
  for (let x = left - height; x < left + width; x += HATCH) {
    context.moveTo(x, top + height);
    context.lineTo(x + height, top);
  }
  context.stroke();
  context.restore();
}

/** Gives a file to the reader. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A name for a file of what a chart shows. @param {string[]} about @param {number} at ms @param {string} ending */
export function fileName(about, at, ending) {
  const words = about.join("-").replace(/[^\p{L}\p{N}._-]+|\.{2,}|^\.+/gu, "-");
  // In characters, not in halves of some; and so few that it fits into the 255 bytes that file systems have for a name.
  return `${[...words].slice(0, 50).join("")}-${new Date(at).toISOString().slice(0, 19).replaceAll(":", "")}.${ending}`;
}
