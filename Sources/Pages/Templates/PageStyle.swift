/// The style of a page, for light and dark screens and for those of phones.
enum PageStyle {
    static let source = """
        :root{color-scheme:light dark}
        *{box-sizing:border-box}
        body{margin:0 auto;padding:16px;max-width:1180px;font:15px/1.5 system-ui,sans-serif;color:#16181c;background:#fff}
        h1{font-size:1.5rem;line-height:1.25;margin:.4em 0 .2em;overflow-wrap:anywhere}
        h2{font-size:1.1rem;margin:2em 0 .5em}
        header p,figcaption,li,dd{color:#4a4f57}
        .charts{columns:440px 2;column-gap:20px;margin-top:20px}
        figure{margin:0 0 20px;padding:12px;break-inside:avoid;border:1px solid #d9dce1;border-radius:8px;min-width:0}
        figcaption{font-size:.9rem;margin-bottom:6px;overflow-wrap:anywhere}
        .scroll{overflow-x:auto;border:1px solid #d9dce1;border-radius:8px}
        table{border-collapse:collapse;width:100%;font-size:.87rem;font-variant-numeric:tabular-nums}
        th,td{padding:6px 10px;text-align:left;white-space:nowrap;border-bottom:1px solid #e8eaee}
        tbody tr:last-child>*{border-bottom:0}
        tbody th{font-weight:500;position:sticky;left:0;background:#fff}
        .right{text-align:right}
        .best{font-weight:700;background:#e4f4ec}
        .average>*{border-top:1px solid #b9bec7}
        .digest{font-family:ui-monospace,monospace;font-size:.8rem}
        thead button{all:unset;cursor:pointer;font-weight:600;color:#4a4f57}
        thead button:focus-visible{outline:2px solid #0067a5;outline-offset:2px}
        th[aria-sort=ascending] button::after{content:" ▲"}
        th[aria-sort=descending] button::after{content:" ▼"}
        details{border:1px solid #d9dce1;border-radius:8px;padding:8px 12px;margin-bottom:8px}
        summary{cursor:pointer;font-weight:600;overflow-wrap:anywhere}
        dt{font-weight:600;margin-top:8px}dd{margin:0;overflow-wrap:anywhere}
        pre{overflow-x:auto;padding:10px;border-radius:6px;background:#f3f4f6;font-size:.82rem}
        li{overflow-wrap:anywhere}
        @media(max-width:520px){body{padding:10px}th,td{padding:5px 8px}tbody th{max-width:38vw;overflow:hidden;text-overflow:ellipsis}}
        @media(prefers-color-scheme:dark){
        body{color:#eceef1;background:#15171b}
        header p,figcaption,li,dd,thead button{color:#aab0ba}
        figure,.scroll,details{border-color:#343941}
        th,td{border-bottom-color:#2a2e35}tbody th{background:#15171b}
        .best{background:#143527}.average>*{border-top-color:#4b515b}
        pre{background:#1e2127}thead button:focus-visible{outline-color:#5fb4f0}
        }
        """ + "\n" + SeriesColors.style
}
