// The report's style sheet. Colours are the blue and vermillion of Okabe and Ito's palette, which
// stay apart under every kind of colour blindness; light, dark and print share all rules but these.
#pragma once

namespace pharos::cli {

constexpr char kReportStyle[] = R"css(
:root{color-scheme:light dark;--page:#f7f6f3;--card:#fff;--ink:#1b1b1a;--muted:#63625d;--line:#e3e1da;
--train:#0072b2;--test:#d55e00;--single:#5b5f97;--on:#fff;--edge:#c9c6bc}
@media (prefers-color-scheme:dark){:root{--page:#131312;--card:#1d1d1b;--ink:#f0efea;--muted:#a8a69e;
--line:#33322e;--train:#56b4e9;--test:#f0883e;--single:#a5a9e0;--on:#111;--edge:#4a4842}}
@media print{:root{--page:#fff;--card:#fff;--ink:#000;--muted:#444;--line:#ccc;--train:#0072b2;
--test:#d55e00;--single:#5b5f97;--on:#fff;--edge:#999}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{font-size:11px}section,.chart,.mistake,.layer{break-inside:avoid}.layer,section.flow{break-inside:auto}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
"Noto Sans","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
main{max-width:1120px;margin:0 auto;padding:36px 20px 56px}
header{margin-bottom:24px}
h1{font-size:29px;line-height:1.2;margin:0 0 4px;letter-spacing:-.015em;font-weight:650}
h2{font-size:19px;margin:0 0 4px;letter-spacing:-.01em;font-weight:640}
h3{font-size:15px;margin:0;font-weight:620}
p{margin:0 0 12px;max-width:74ch}
small,.sub{color:var(--muted);font-weight:400}
.sub{margin:0}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px 22px;margin:0 0 18px}
section>p{color:var(--muted)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:1px;background:var(--line);
padding:0;overflow:hidden}
.figure{background:var(--card);padding:16px 20px}
.figure b{display:block;font-size:27px;line-height:1.2;font-weight:640;letter-spacing:-.02em}
.figure:first-child b{color:var(--train)}
.figure span,.figure small{display:block;font-size:13px;color:var(--muted)}
.charts{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:22px 28px;margin-top:12px}
.chart{margin:0;min-width:0}
.chart figcaption{display:flex;flex-wrap:wrap;justify-content:space-between;gap:2px 16px;margin-bottom:6px}
.keys{display:flex;gap:14px;font-size:13px;color:var(--muted)}
.key b{color:var(--ink);font-weight:600}
.key i{display:inline-block;width:16px;height:0;border-top:3px solid;vertical-align:middle;margin-right:5px;border-radius:2px}
.key i.train{border-color:var(--train);border-top-style:dashed}.key i.test{border-color:var(--test)}
.key i.single{border-color:var(--single)}
svg{display:block;width:100%;height:auto;overflow:visible;font-family:inherit}
.grid{stroke:var(--line)}.axis{stroke:var(--edge)}
.tick,.mark{font-size:11.5px;fill:var(--muted)}.mark{fill:var(--ink);paint-order:stroke;stroke:var(--card);stroke-width:4px}
.line path{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.line.train,.ring.train{color:var(--train)}.line.test,.ring.test{color:var(--test)}
.line.single,.ring.single{color:var(--single)}
.line.train path{stroke-dasharray:5 4}
.dot{fill:currentColor;stroke:transparent;stroke-width:10}
.ring{fill:none;stroke:currentColor;stroke-width:1.6}
.matrix{max-width:640px;margin:8px auto 0}
.matrix text{font-size:13px;fill:var(--ink);text-anchor:middle}
.matrix .name{font-weight:600}.matrix .edge,.matrix .what{fill:var(--muted);font-size:11.5px}
.matrix .start{text-anchor:end}.matrix .on{fill:var(--on)}
.cell{stroke:var(--card);stroke-width:1.5}.cell.zero{fill:var(--line);fill-opacity:.35}
.cell.right{fill:var(--train)}.cell.wrong{fill:var(--test)}
.side{display:grid;grid-template-columns:minmax(0,1.7fr) minmax(0,1fr);gap:28px;align-items:start}
table{border-collapse:collapse;width:100%;font-size:14px}
td,th{padding:5px 10px 5px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
tr:last-child td{border-bottom:0}
th{color:var(--muted);font-weight:500}td.n,th.n{text-align:right;padding-right:0}
td:first-child{overflow-wrap:anywhere}td{overflow-wrap:anywhere}
.mistakes{display:grid;grid-template-columns:repeat(auto-fill,minmax(128px,1fr));gap:14px;margin-top:10px}
.mistake{border:1px solid var(--line);border-radius:9px;padding:10px;font-size:13px;line-height:1.35;min-width:0}
.mistake img{width:100%;aspect-ratio:1;object-fit:contain;background:#000;border-radius:5px;display:block;margin-bottom:8px}
img{image-rendering:pixelated}
.mistake div{position:relative;display:flex;justify-content:space-between;gap:6px;padding:1px 5px;margin:2px -5px;isolation:isolate}
.mistake div i{position:absolute;inset:0 auto 0 0;z-index:-1;opacity:.28;border-radius:3px}
.mistake .said i{background:var(--test)}.mistake .is i{background:var(--train)}
.mistake span:first-of-type{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.mistake small{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.sample{display:flex;gap:14px;align-items:center;margin:8px 0 4px}
.sample img{width:88px;height:88px;object-fit:contain;background:#000;border-radius:6px}
.layer{border-top:1px solid var(--line);padding-top:14px;margin-top:16px}
.layer h3 small{margin-left:8px}
.maps{display:flex;flex-wrap:wrap;gap:5px;margin-top:8px}
.map{position:relative;width:54px;height:54px;border-radius:4px;overflow:hidden;background:#000}
.map img{width:100%;height:100%;object-fit:contain;display:block}
.map.dead{outline:2px solid var(--test);outline-offset:-2px}
.map.dead svg{position:absolute;inset:0;width:100%;height:100%;stroke:#f0883e;stroke-width:1.5}
.badge{display:inline-block;font-size:12px;font-weight:600;padding:0 8px;border-radius:9px;margin-left:8px;
background:var(--test);color:var(--on)}
.dead-list{font-size:13px;color:var(--muted);margin:8px 0 0}
ul{margin:6px 0 0;padding-left:20px}li{margin:3px 0;max-width:74ch}
footer{color:var(--muted);font-size:13px;margin-top:24px}
@media (max-width:760px){main{padding:22px 12px 40px}section{padding:16px 14px;border-radius:10px}
section.figures{padding:0}.charts,.side{grid-template-columns:minmax(0,1fr)}h1{font-size:24px}
.figures{grid-template-columns:repeat(2,1fr)}.figure{padding:12px 14px}.figure b{font-size:23px}
.figure:first-child{grid-column:1/-1}.mistakes{grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:10px}}
)css";

}  // namespace pharos::cli
