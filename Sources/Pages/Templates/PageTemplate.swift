/// The page of a report, as Mustache.
///
/// All that is put into it is ``Markup``, which is escaped already; so it is taken as it is, by three braces.
enum PageTemplate {
    static let source = #"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
        <meta name="generator" content="swage {{{version}}}">
        <link rel="icon" href="data:,">
        <title>{{{title}}}</title>
        <style>
        {{{style}}}
        </style>
        </head>
        <body>
        <header>
        <h1>{{{title}}}</h1>
        <p>{{{summary}}}</p>
        </header>
        <main>
        {{#charts}}
        <section class="charts">
        {{#figures}}
        <figure><figcaption>{{{caption}}}</figcaption>{{{svg}}}</figure>
        {{/figures}}
        </section>
        {{/charts}}
        {{#tables}}
        <section>
        <h2>{{{title}}}</h2>
        <div class="scroll">
        <table>
        <thead><tr>{{#columns}}<th scope="col"{{#isRight}} class="right"{{/isRight}}><button type="button">{{{title}}}</button></th>{{/columns}}</tr></thead>
        <tbody>
        {{#rows}}
        <tr{{#isAverage}} class="average"{{/isAverage}}>{{#cells}}{{#isName}}<th scope="row">{{{text}}}</th>{{/isName}}{{^isName}}<td{{#hasValue}} data-v="{{{value}}}"{{/hasValue}}{{#class}} class="{{{class}}}"{{/class}}>{{{text}}}</td>{{/isName}}{{/cells}}</tr>
        {{/rows}}
        </tbody>
        </table>
        </div>
        </section>
        {{/tables}}
        <section>
        <h2>How the files were made</h2>
        {{#making}}
        <details><summary>{{{name}}}</summary>
        <dl>{{#steps}}<dt>{{{name}}}</dt><dd>{{{value}}}</dd>{{/steps}}</dl>
        {{#hasCommands}}<pre>{{#commands}}{{{command}}}
        {{/commands}}</pre>{{/hasCommands}}
        </details>
        {{/making}}
        </section>
        <section>
        <h2>What the figures are</h2>
        <ul>
        {{#notes}}
        <li>{{{note}}}</li>
        {{/notes}}
        </ul>
        </section>
        </main>
        <script>
        {{{script}}}
        </script>
        </body>
        </html>

        """#
}
