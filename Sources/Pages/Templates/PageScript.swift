/// What a page does: a click on the title of a column sorts the rows by it, by numbers where it has any.
enum PageScript {
    static let source = """
        document.querySelectorAll('th[scope=col]').forEach(function (head) {
        head.firstElementChild.addEventListener('click', function () {
        var table = head.closest('table'), body = table.tBodies[0], column = head.cellIndex;
        var down = head.getAttribute('aria-sort') === 'ascending';
        table.querySelectorAll('th[scope=col]').forEach(function (other) { other.removeAttribute('aria-sort'); });
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        var rows = Array.from(body.rows).map(function (row) {
        var cell = row.cells[column], value = cell.dataset.v;
        return { row: row, number: value === undefined ? NaN : Number(value), text: cell.textContent };
        });
        rows.sort(function (a, b) {
        if (isNaN(a.number) !== isNaN(b.number)) { return isNaN(a.number) ? 1 : -1; }
        var order = isNaN(a.number) ? a.text.localeCompare(b.text) : a.number - b.number;
        return down ? -order : order;
        });
        rows.forEach(function (entry) { body.appendChild(entry.row); });
        });
        });
        """
}
