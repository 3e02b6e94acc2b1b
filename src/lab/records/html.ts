// Pieces of a report page: text of any origin made safe, tables, and the style sheet.

/** Markup that is safe as it stands. */
export interface Html {
  readonly html: string;
}

/** Text as text, whatever is in it: markup, control characters, changes of direction. */
export function escaped(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they have no place in a page
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
      .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
  );
}

/** Markup with every value escaped, except what is markup already; lists are joined. */
export function markup(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  const written = values.map((value) => {
    if (typeof value === 'string') return escaped(value);
    if (typeof value === 'number') return String(value);
    return 'html' in value ? value.html : value.map(({ html }) => html).join('');
  });
  return { html: parts.reduce((all, part, index) => `${all}${written[index - 1] ?? ''}${part}`) };
}

/** A table; the first cell of a row is its heading. */
export function tableOf(
  caption: string,
  head: readonly (string | Html)[],
  rows: readonly (readonly (string | Html)[])[],
): Html {
  const cell = (value: string | Html) => (typeof value === 'string' ? markup`${value}` : value);
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${head.map((value) => markup`<th scope="col">${cell(value)}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([first = '', ...rest]) =>
      markup`<tr><th scope="row">${cell(first)}</th>${rest.map((value) => markup`<td>${cell(value)}</td>`)}</tr>\n`,
  )}</tbody></table></div>`;
}

/** A page of its own: nothing is fetched, nothing runs. */
export function pageOf(title: string, body: Html): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${{ html: styleSheet }}</style>
</head>
<body>
${body}
</body>
</html>
`.html;
}

const colours = [
  ['#0a7466', '#45d6bd'],
  ['#b4480c', '#ffab5e'],
  ['#4b57b8', '#9aa8ff'],
  ['#a3568c', '#db8ec6'],
  ['#6f6100', '#d8c44a'],
  ['#1d6fa5', '#6fbdf0'],
  ['#b0231b', '#ff9089'],
  ['#5c5e5f', '#b5bcc2'],
] as const;

const axisRules = ['step', 'tokens', 'flops', 'seconds'].flatMap((axis) => [
  `#by-${axis}:checked ~ #log:not(:checked) ~ .${axis}.linear`,
  `#by-${axis}:checked ~ #log:checked ~ .${axis}.logarithmic`,
]);

const styleSheet = `
:root{color-scheme:light dark;--ink:light-dark(#1d2022,#e7e9ea);--muted:light-dark(#5c5e5f,#9ca6ae);--line:light-dark(#ddd8cc,#283037);
${colours.map(([light, dark], index) => `--c${index}:light-dark(${light},${dark})`).join(';')}}
body{margin:0 auto;max-width:1100px;padding:24px;background:light-dark(#fbfaf7,#12171a);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:24px}h2{font-size:18px;margin-top:32px}h3{font-size:15px}
.muted,caption,figcaption{color:var(--muted);font-size:13px}caption{text-align:left;padding-bottom:4px}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:13px}
th,td{padding:3px 12px 3px 0;text-align:left;border-top:1px solid var(--line);vertical-align:top;font-weight:400}
td{font-variant-numeric:tabular-nums}thead th{color:var(--muted)}
bdi,pre,code{overflow-wrap:anywhere}pre{white-space:pre-wrap;border-left:3px solid var(--line);padding-left:12px;font-size:13px;unicode-bidi:plaintext}
.key{display:inline-block;width:18px;border-top:3px solid;margin-right:8px;vertical-align:middle}.key.later{border-top-style:dashed}
.choice input{margin-left:14px}.choice input:first-child{margin-left:0}
.plot{display:none;margin:8px 0}${axisRules.join(',')}{display:block}
svg{width:100%;height:auto}svg text{fill:var(--muted);font-size:11px}.grid{stroke:var(--line);fill:none}
.run path{fill:none;stroke:currentColor;stroke-width:1.8;stroke-linejoin:round}.run .validation{stroke-dasharray:5 4;stroke-width:1.2}
.run.later .training{stroke-dasharray:9 3}.run circle{fill:currentColor}
${colours.map((_, index) => `.c${index}{color:var(--c${index})}`).join('')}
@media print{details{display:block}}
`;
