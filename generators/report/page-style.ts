/** The colours of the page; every text stands on its ground with a contrast of 4.5 at least. */
export const LIGHT = {
  page: '#fafaf8',
  surface: '#ffffff',
  text: '#1c2024',
  muted: '#59626d',
  line: '#e3e4df',
  track: '#eff0ec',
  accent: '#0b6e63',
  onAccent: '#ffffff',
  before: '#b4bac1',
  cost: '#a8541a',
  packages: '#c9e3dd',
  onPackages: '#10352f',
  application: '#0b6e63',
  onApplication: '#ffffff',
  byteCode: '#e5e3c9',
  onByteCode: '#3b3810',
  system: '#dfe2e7',
  onSystem: '#292f36',
} as const;

export const DARK: Readonly<Record<keyof typeof LIGHT, string>> = {
  page: '#0f1214',
  surface: '#161a1d',
  text: '#e6e9eb',
  muted: '#9ca6b0',
  line: '#2a3035',
  track: '#20262a',
  accent: '#4cc2ac',
  onAccent: '#06211d',
  before: '#5d6771',
  cost: '#e09a63',
  packages: '#1c4a43',
  onPackages: '#d6efe9',
  application: '#4cc2ac',
  onApplication: '#06211d',
  byteCode: '#45431f',
  onByteCode: '#eceacb',
  system: '#2c3339',
  onSystem: '#d3dae0',
};

const variables = (colours: Readonly<Record<string, string>>): string =>
  Object.entries(colours)
    .map(([name, value]) => `--${name}:${value};`)
    .join('');

/**
 * The style sheet of the page. Which of the two sets of colours counts is decided without a script: by the system,
 * unless one of the radio buttons says otherwise.
 */
export const PAGE_STYLE = `
:root{color-scheme:light;${variables(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root:not(:has(#theme-light:checked)){color-scheme:dark;${variables(DARK)}}}
@media screen{:root:has(#theme-dark:checked){color-scheme:dark;${variables(DARK)}}}
*,*::before,*::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--page);color:var(--text);
  font:400 1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
  font-variant-numeric:tabular-nums;overflow-wrap:break-word}
main,header,footer{max-width:70rem;margin-inline:auto;padding-inline:clamp(1rem,4vw,2.5rem)}
header{padding-top:clamp(1.25rem,4vw,2.5rem)}
a{color:var(--accent);text-underline-offset:.18em}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
h1,h2,h3,p{margin:0;text-wrap:pretty}
h1{font-size:clamp(1.9rem,1.2rem + 3vw,3.1rem);line-height:1.08;font-weight:650;letter-spacing:-.025em;
  margin-top:clamp(1.5rem,5vw,3rem);max-width:22ch;text-wrap:balance}
h2{font-size:1.3rem;line-height:1.25;font-weight:650;letter-spacing:-.012em}
h3{font-size:.95rem;line-height:1.35;font-weight:600}
code{font:.86em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
.muted{color:var(--muted)}
.small{font-size:.86rem;line-height:1.5}
.bar-line{display:flex;justify-content:space-between;align-items:center;gap:1rem;flex-wrap:wrap}
.name{font-weight:600}
.name span{color:var(--muted);font-weight:400}
.theme{display:flex;border:1px solid var(--line);border-radius:999px;padding:2px;margin:0;background:var(--surface)}
.theme label{position:relative;cursor:pointer}
.theme input{position:absolute;inset:0;opacity:0;margin:0;cursor:pointer}
.theme span{display:block;padding:.2rem .7rem;border-radius:999px;font-size:.8rem;color:var(--muted)}
.theme input:checked+span{background:var(--track);color:var(--text);font-weight:600}
.theme input:focus-visible+span{outline:2px solid var(--accent);outline-offset:1px}
.lead{margin-top:1rem;font-size:1.1rem;max-width:62ch;color:var(--muted)}
.lead strong{color:var(--text);font-weight:600}
.jump{display:flex;flex-wrap:wrap;gap:.35rem 1.15rem;list-style:none;margin:1.4rem 0 0;padding:0;font-size:.9rem}
.missed{margin-top:1.25rem;padding:.75rem 1rem;border-left:3px solid var(--cost);background:var(--surface)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:1px;margin:2rem 0 0;
  background:var(--surface);border:1px solid var(--line);border-radius:14px;overflow:hidden}
.figures>div{box-shadow:0 0 0 1px var(--line);padding:1.05rem 1.2rem 1.1rem;display:flex;flex-direction:column}
.figures dt{font-size:.84rem;color:var(--muted)}
.figures dd{margin:0}
.figures .value{font-size:1.65rem;line-height:1.25;font-weight:650;letter-spacing:-.02em;margin-top:auto;padding-top:.2rem;white-space:nowrap}
.figures .was{font-size:.84rem;line-height:1.45;color:var(--muted);margin-top:.15rem}
.figures .was span{display:block;white-space:nowrap}
.figures .was b{color:var(--accent);font-weight:600;white-space:nowrap}
.figures .was b.more{color:var(--cost)}
section{margin-top:clamp(2.5rem,6vw,4rem)}
section>.intro{margin-top:.4rem;color:var(--muted);max-width:68ch}
.card{margin-top:1.1rem;background:var(--surface);border:1px solid var(--line);border-radius:14px;padding:clamp(.9rem,2.5vw,1.5rem)}
.columns{display:grid;gap:1.1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr));margin-top:1.1rem}
.columns .card{margin-top:0}
table{width:100%;border-collapse:collapse;font-size:.93rem}
caption{text-align:left;font-weight:600;font-size:.95rem;padding-bottom:.55rem}
th,td{text-align:left;padding:.5rem .6rem;vertical-align:middle;font-weight:400}
th:first-child,td:first-child{padding-left:0}
th:last-child,td:last-child{padding-right:0}
tbody tr+tr>*{border-top:1px solid var(--line)}
thead th,thead td{color:var(--muted);font-size:.8rem;padding-block:.15rem .45rem;border-bottom:1px solid var(--line);white-space:nowrap}
tfoot>tr>*{border-top:2px solid var(--line);font-weight:650}
.packages th,.trims th[scope=row],.command{overflow-wrap:anywhere}
.num{text-align:right;white-space:nowrap}
.strong{font-weight:600}
.bars th[scope=row]{width:8.5rem}
.bars.packages th[scope=row]{width:13rem}
.together{white-space:nowrap}
.bars tbody tr+tr>*{border-top:0}
.bars td,.bars th{padding-block:.3rem}
.bars td.num{width:5.6rem}
.bars td.share{width:3.4rem;color:var(--muted)}
.track{display:block;position:relative;height:.8rem;border-radius:3px;background:var(--track);overflow:hidden;min-width:3rem}
.track i{position:absolute;inset-block:0;left:0;min-width:2px;border-radius:3px;background:var(--accent)}
.track i.before{background:var(--before)}
.track i.cost{background:var(--cost)}
.track+.track{margin-top:3px}
.thin{height:.5rem}
.key{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;list-style:none;margin:.9rem 0 0;padding:0;font-size:.84rem;color:var(--muted)}
.key i{display:inline-block;width:.75rem;height:.75rem;border-radius:3px;margin-right:.45rem;vertical-align:-.06em;background:var(--accent)}
.key i.before{background:var(--before)}
.key i.cost{background:var(--cost)}
.key i.packages{background:var(--packages)}.key i.application{background:var(--application)}
.key i.byteCode{background:var(--byteCode)}.key i.system{background:var(--system)}
.plot{min-width:6rem}
.breakdown .plot{width:44%}
.steps tbody th,.trims tbody th{width:46%}
.steps td.num,.trims td.num:last-child{width:6rem}
.track i.step{background:color-mix(in srgb,var(--accent) 62%,var(--surface))}
.charts{display:grid;gap:1.6rem 2.5rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr))}
.stack>table+table{margin-top:1.4rem}
.charts{align-items:start}
.inside{display:grid;gap:1.1rem;grid-template-columns:minmax(0,1fr)}
.treemap{position:relative;width:100%;background:var(--surface)}
.treemap.wide{aspect-ratio:760/520;display:none}
.treemap.tall{aspect-ratio:360/520}
.tile{position:absolute;overflow:hidden;border-radius:3px;container-type:size;
  --ground:var(--system);--ink:var(--onSystem);background:var(--ground);color:var(--ink)}
.tile.packages{--ground:var(--packages);--ink:var(--onPackages)}
.tile.application{--ground:var(--application);--ink:var(--onApplication)}
.tile.byteCode{--ground:var(--byteCode);--ink:var(--onByteCode)}
.tile.group{background:color-mix(in srgb,var(--ground) 62%,var(--surface));color:var(--text)}
.tile.deep{background:color-mix(in srgb,var(--ground) 86%,var(--surface));color:var(--text)}
.tile.application.deep{background:var(--ground);color:var(--ink)}
.tile:hover{box-shadow:inset 0 0 0 2px var(--text)}
.tile span{display:block;padding:2px 6px 0;font-size:11.5px;line-height:1.3;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.tile span+span{padding-top:0;opacity:.82;font-size:11px}
.tile.group span{font-weight:600;padding-top:1px;font-size:11px}
@container (max-height:17.5px){.tile span{visibility:hidden}}
@container (max-height:33px){.tile:not(.group) span+span{visibility:hidden}}
.tree{font-size:.88rem;max-height:34rem;overflow:auto;scrollbar-width:thin}
.tree ul{list-style:none;margin:0;padding:0 0 0 .95rem}
.tree>ul{padding-left:0}
.tree li>div,.tree summary{display:flex;gap:.75rem;padding:.26rem .15rem;border-bottom:1px solid var(--line)}
.tree summary{cursor:pointer;list-style:none}
.tree summary::-webkit-details-marker{display:none}
.tree summary .path::before{content:"▸";display:inline-block;width:1em;color:var(--muted)}
.tree details[open]>summary .path::before{content:"▾"}
.tree li>div .path{padding-left:1em}
.tree .path{flex:1;min-width:0;overflow-wrap:anywhere}
.tree .num{color:var(--muted)}
.command{overflow-wrap:anywhere;color:var(--text)}
.layers td.num{width:5.2rem}
.layers .plot{width:16%}
.suggestions{display:grid;gap:1.1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));list-style:none;margin:1.1rem 0 0;padding:0}
.suggestions li{background:var(--surface);border:1px solid var(--line);border-radius:14px;padding:1.05rem 1.2rem 1.15rem;display:flex;flex-direction:column;gap:.4rem}
.suggestions p{font-size:.92rem;color:var(--muted)}
.suggestions code{background:var(--track);border-radius:6px;padding:.3rem .5rem;overflow-wrap:anywhere;align-self:flex-start;margin-top:auto}
footer{margin-top:clamp(3rem,7vw,5rem);padding-block:1.5rem 3rem;color:var(--muted);font-size:.86rem}
footer p{border-top:1px solid var(--line);padding-top:1.25rem}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (min-width:44rem){.treemap.wide{display:block}.treemap.tall{display:none}}
@media (min-width:64rem){.inside{grid-template-columns:minmax(0,7fr) minmax(0,3fr)}}
@media (max-width:40rem){
  .wide-only{display:none}
  .breakdown .plot,.layers .plot{display:none}.steps tbody th,.trims tbody th{width:auto}
  .bars th[scope=row]{width:6.4rem}.bars.packages th[scope=row]{width:9rem}.bars td.num{width:4.6rem}.bars td.share{width:2.6rem}
  table{font-size:.87rem}th,td{padding-inline:.22rem}
  .figures{grid-template-columns:1fr 1fr}.figures .value{font-size:1.35rem}.figures>div{padding:.8rem .9rem}
  .steps .plot{width:30%;min-width:4rem}
}
@media (max-width:22rem){table{font-size:.8rem}.card{padding-inline:.65rem}}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media (prefers-contrast:more){:root{--muted:var(--text);--line:var(--muted)}}
@media print{
  @page{margin:14mm}
  body{background:#fff;font-size:10pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
  main,header,footer{max-width:none;padding-inline:0}
  .theme,.jump{display:none}
  section{margin-top:9mm}
  .card,.suggestions li,.figures,tr,.treemap{break-inside:avoid}
  h2,h3,caption,.intro{break-after:avoid}
  .treemap.wide{display:block}.treemap.tall{display:none}
  .inside{grid-template-columns:minmax(0,1fr)}
  .tree{max-height:none;overflow:visible;columns:2;column-gap:8mm}
}
`;
