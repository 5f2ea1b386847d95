// What a device can say to do harm to whoever looks: text that would be something else wherever it is not taken for text.
//
// Whatever of it ran would call `ran()`, which a panel counts, open a dialogue, or break the page's content policy.

/** What runs where text is taken for markup. */
const MARKUP = [
  "<script>ran()</script>",
  "<ScRiPt>ran()</sCrIpT >",
  '<script src="/assets/../login"></script>',
  "<img src=x onerror=ran()>",
  "<IMG SRC=x OnErRoR=ran()>",
  "<img/src=x/onerror=ran()//",
  "<svg onload=ran()>",
  "<svg><script>ran()</script></svg>",
  '<svg><use href="data:image/svg+xml,<svg id=a onload=ran()></svg>#a"></use></svg>',
  "<svg><animate onbegin=ran() attributeName=x dur=1s></svg>",
  "<svg><foreignObject><img src=x onerror=ran()></foreignObject></svg>",
  "<math><mtext><mglyph><style><img src=x onerror=ran()></style></mglyph></mtext></math>",
  '<iframe srcdoc="<script>parent.ran()</script>"></iframe>',
  "<iframe src=javascript:parent.ran()></iframe>",
  "<object data=javascript:ran()></object>",
  "<embed src=javascript:ran()>",
  "<body onload=ran()>",
  "<details open ontoggle=ran()>",
  "<input autofocus onfocus=ran()>",
  "<video><source onerror=ran()></video>",
  "<marquee onstart=ran()>",
  "<a href=javascript:ran()>boiler</a>",
  "<form action=javascript:ran()><button>Off</button></form>",
  "<button formaction=javascript:ran()>Off</button>",
  '<meta http-equiv=refresh content="0;url=javascript:ran()">',
  '<base href="//evil.example/">',
  '<link rel=stylesheet href="//evil.example/a.css">',
  "<style>*{display:none}</style>",
  "<style>@import '//evil.example/a.css';</style>",
  "<p style=position:fixed;inset:0;background:red>",
  "<dialog open>Log in again</dialog>",
  "<gl-value data-component=value data-channel=x>",
  "<template shadowrootmode=open><script>ran()</script></template>",
  "<plaintext>",
  "<xmp>",
  "<!--",
];

/** What ends whatever text stands in. */
const ENDS = ["", '"', "'", '">', "'>", "</script>", "</textarea>", "</title>", "</style>", "</noscript>", "</template>", "-->", "]]>", "&quot;>"];

/** What runs where text is taken for something else, or looks like it. */
const OTHERS = [
  ...["javascript:ran()", "JaVaScRiPt:ran()", " javascript:ran()", "java\tscript:ran()", "javascript://%0aran()", "javascript&colon;ran()", "data:text/html,<script>ran()</script>", "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='ran()'/>", "vbscript:ran()", "//evil.example/x", "/\\evil.example/x", "/\t/evil.example/x", "https://evil.example/x.png", "/login?to=//evil.example", "/logout", "/api/devices", "file:///etc/passwd", "blob:null/x", "../../../../etc/passwd", "..\\..\\windows\\win.ini"],
  ...["{{7*7}}", "{{ say('login.title') }}", "{% include 'web/page.html' %}", "{% set device = 'other' %}", "{# comment", "{{ component('gauge') }}", "{{", "}}", "{%", "%}", "${ran()}", "`${ran()}`", "#{ran()}", "<%= ran() %>", "{{constructor.constructor('ran()')()}}", "[[${ran()}]]", "*{ran()}", "%{ran()}", "@(ran())", "{say}", "{label}", "{value}", "{0}", "%s%s%s%n", "%00", "$(id)", "`id`", "; DROP TABLE sample;--", "' OR 1=1 --", "\" onmouseover=ran() x=\"", "' onmouseover='ran()", "` onmouseover=ran() x=`", "x onmouseover=ran()", "\";ran();//", "';ran();//", "\\\";ran();//", "</", "<", ">", "&", "&lt;script&gt;ran()&lt;/script&gt;", "&#60;script&#62;ran()", "\\u003cscript\\u003eran()\\u003c/script\\u003e", "%3Cscript%3Eran()%3C/script%3E", "＜script＞ran()＜/script＞", "<\u200bscript>ran()</script>"],
  ...["=1+1", "=cmd|'/C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", ";=1+1", "a;=1+1", "a,=1+1", "=HYPERLINK(\"http://evil.example\")", "＝1+1", "\"=1+1", "DDE(\"cmd\")", "'=1+1", "|=1+1"],
  ...["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "__defineGetter__", "watch", "length", "name", "id", "innerHTML", "location", "document", "self", "loop", "caller", "range", "namespace", "then", "toJSON", "undefined", "null", "NaN", "true", "-0", "1e999", "0x10", "[object Object]"],
  ...["expression(ran())", "url(javascript:ran())", "red;}*{display:none", "1px;position:fixed", "var(--x)", "}</style>", "\\3c script>", "/*", "*/"],
  ...["\u202eexe.reliob", "\u202dboiler", "\u2066\u2067\u2068boiler", "\u200e\u200f\u061c", "مرحبا boiler 1", "שלום <b>", "a\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307".repeat(8), "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢", "\ufeffboiler", "\u00adboi\u00adler", "\u200b\u200b\u200b", "\u2028ran()\u2029", "ﷺ".repeat(12), "🏴‍☠️👨‍👩‍👧‍👦🏳️‍🌈", "\u{e0001}\u{e0020}\u{e007f}", "\ufffe\uffff", "ı".repeat(20), "ß".repeat(20), "K", "ﬀ", " ", "\u00a0", "\u3000"],
  ...["W".repeat(128), "Ｗ".repeat(42), "a ".repeat(60), "-".repeat(128), "_".repeat(128), ".".repeat(128), "𝕏".repeat(32), "supercalifragilistic".repeat(6), "\u0e01\u0e33".repeat(20)],
];

/** What only text may hold that is no name: control characters, and a length no name has. */
const CONTROLS = [
  ...["\u0000", "a\u0000b", "\u0000<script>ran()</script>", "<scr\u0000ipt>ran()</script>", "\u0001{{ device }}\u0001", "\u0008\u0008\u0008", "\u000b\u000c", "\u007f", "\u0085", "\u009b31m"],
  ...["\u001b[31mred\u001b[0m", "\u001b]0;title\u0007", "\u001b[2J\u001b[H", "\u001b]8;;javascript:ran()\u0007x\u001b]8;;\u0007", "\u001bP$q\u001b\\"],
  ...["a\r\nSet-Cookie: ran=1", "a\r\n\r\n<script>ran()</script>", "data: x\n\ndata: y", "\n=1+1", "\r=1+1", "a\n".repeat(200)],
  ...["<b>".repeat(2000), "x".repeat(9000), "<!-- ".repeat(1000), "{{".repeat(2000), "&".repeat(4000), "\u202e".repeat(1000), "[".repeat(5000), '"'.repeat(3000)],
];

/** @param {string[]} texts */
const distinct = (texts) => [...new Set(texts)];

/** Bytes of the longest name of a channel. */
const NAME_BYTES_MAX = 128;

/** Every one of them. */
export const TEXTS = distinct([...ENDS.flatMap((end) => MARKUP.map((markup) => end + markup)), ...OTHERS, ...CONTROLS]);

/** Those that may be the name of a channel. */
export const NAMES = TEXTS.filter((text) => text.length > 0 && Buffer.byteLength(text) <= NAME_BYTES_MAX && !/\p{Cc}/u.test(text));

/** Ids of devices that are something else to a program. */
export const IDS = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "null", "undefined", "-", "_", "--", "0", "api", "login", "W".repeat(64), "-".repeat(64)];

/** The beginning of a text, not cut within a character. @param {string} text @param {number} most characters */
export function cut(text, most) {
  return [...text].slice(0, most).join("");
}
