/* SPDX-License-Identifier: Apache-2.0 */
(function () {
    "use strict";
    var find = function (selector) { return document.querySelector(selector); };
    var copy = find("#copy");
    if (copy && navigator.clipboard) {
        copy.hidden = false;
        copy.addEventListener("click", function () {
            navigator.clipboard.writeText(find("#resume").textContent).then(function () {
                copy.textContent = "Copied";
            }, function () { copy.hidden = true; });
        });
    }
    var words = find("#words");
    var state = find("#state");
    var rows = Array.prototype.slice.call(document.querySelectorAll("#unit-rows tr"));
    if (!words || !state)
        return;
    find("#filter").hidden = false;
    var filter = function () {
        var text = words.value.toLowerCase();
        var shown = 0;
        rows.forEach(function (row) {
            var fits = (!state.value || row.dataset.state === state.value) &&
                       (!text || row.textContent.toLowerCase().indexOf(text) >= 0);
            row.hidden = !fits;
            shown += fits ? 1 : 0;
        });
        find("#shown").textContent = shown + " of " + rows.length;
    };
    words.addEventListener("input", filter);
    state.addEventListener("change", filter);
    filter();
    document.addEventListener("click", function (event) {
        var cell = event.target.closest ? event.target.closest("[data-label]") : null;
        if (!cell)
            return;
        words.value = cell.dataset.label;
        state.value = "";
        find("#units details").open = true;
        filter();
        find("#units").scrollIntoView();
    });
}());
