/* Results as a page for people. Nothing in it is fetched, and nothing from the data is markup. */
#include "quality/suite.h"

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
    "<style>\n"
    ":root{color-scheme:light dark;--ink:#1c2430;--dim:#5d6b7d;--line:#dbe1e8;--page:#fff;"
    "--card:#f6f8fa;--ok:#1a7f4b;--warn:#9a6700;--fail:#c1272d}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e3e8ee;--dim:#93a1b3;--line:#2d3743;"
    "--page:#14191f;--card:#1c232b;--ok:#4cc38a;--warn:#e3b341;--fail:#ff7b72}}\n"
    "body{margin:0 auto;max-width:60rem;padding:2rem 1rem;background:var(--page);color:var(--ink);"
    "font:15px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.4rem;margin:0 0 .2rem}p{margin:.2rem 0;color:var(--dim)}\n"
    ".sum{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.2rem 0}\n"
    ".sum div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;"
    "padding:.5rem 1rem;min-width:6rem}\n"
    ".sum b{display:block;font-size:1.3rem;font-variant-numeric:tabular-nums}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th{text-align:left;font-weight:600;color:var(--dim);font-size:.85rem}\n"
    "th,td{padding:.45rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}\n"
    "td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    ".passed{color:var(--ok)}.warned{color:var(--warn)}.failed{color:var(--fail)}\n"
    ".mark{font-weight:600;white-space:nowrap}\n"
    ".bar{height:4px;background:var(--line);border-radius:2px;margin-top:.35rem;min-width:5rem}\n"
    ".bar i{display:block;height:4px;border-radius:2px;background:currentColor}\n"
    "details{margin-top:.3rem;color:var(--dim)}summary{cursor:pointer}\n"
    "pre{margin:.3rem 0;padding:.5rem .7rem;background:var(--card);border:1px solid var(--line);"
    "border-radius:.4rem;overflow-x:auto;font-size:.85rem}\n"
    "small{color:var(--dim)}\n</style>\n";

static const char *const statuses[] = {"passed", "warned", "failed"};
static const char *const marks[] = {"&#10003; passed", "&#9888; warned", "&#10007; failed"};

static void put(pln__text *out, const char *text) {
    for (; *text != '\0'; text++) {
        const char *as = *text == '<'   ? "&lt;"
                         : *text == '>' ? "&gt;"
                         : *text == '&' ? "&amp;"
                         : *text == '"' ? "&quot;"
                                        : NULL;
        if (as != NULL)
            pln__text_str(out, as);
        else
            pln__text_char(out, *text);
    }
}

/* How much of what was evaluated is right. */
static void put_bar(pln__text *out, const pln_check_result *r) {
    if (r->unexpected < 0 || r->evaluated <= 0)
        return;
    double right = 100.0 * (double)(r->evaluated - r->unexpected) / (double)r->evaluated;
    pln__text_printf(out, "<div class=\"bar %s\"><i style=\"width:%.2f%%\"></i></div>",
                     statuses[r->status], right);
}

static void put_samples(const pln__check_run *run, pln__text *out) {
    if (run->n_samples == 0)
        return;
    pln__text_printf(out, "<details><summary>the first %lld</summary><pre>",
                     (long long)run->n_samples);
    for (int64_t i = 0; i < run->n_samples; i++) {
        pln__text_printf(out, "row %lld ", (long long)run->samples[i].row);
        put(out, run->samples[i].json);
        pln__text_char(out, '\n');
    }
    pln__text_str(out, "</pre></details>");
}

static void put_count(pln__text *out, int64_t n) {
    pln__text_str(out, "<td class=\"n\">");
    if (n >= 0)
        pln__text_int(out, n);
    pln__text_str(out, "</td>");
}

static pln_status put_row(pln__check_run *run, pln__text *out, int64_t *counts, pln_error *err) {
    const pln__check *check = run->check;
    const char *description = json_string_value(pln__check_get(check, "description"));
    pln_check_result r;
    pln_status status = pln__check_judge(run, &r, err);
    if (status < 0)
        return status;
    counts[r.status]++;
    pln__text_printf(out, "<tr><td class=\"mark %s\">%s</td><td>", statuses[r.status],
                     marks[r.status]);
    put(out, check->id);
    if (description != NULL) {
        pln__text_str(out, "<br><small>");
        put(out, description);
        pln__text_str(out, "</small>");
    }
    pln__text_str(out, "</td><td>");
    put(out, r.message + strlen(check->id) + 2);
    put_bar(out, &r);
    put_samples(run, out);
    pln__text_str(out, "</td>");
    put_count(out, r.rows);
    put_count(out, r.missing);
    put_count(out, r.unexpected);
    pln__text_str(out, "</tr>\n");
    return PLN_OK;
}

static void put_sum(pln__text *out, const char *what, const char *class, int64_t n) {
    pln__text_printf(out, "<div><b class=\"%s\">%lld</b>%s</div>", class, (long long)n, what);
}

pln_status pln_validation_html(pln_validation *v, const char **text, int64_t *size,
                               pln_error *err) {
    const char *name = v->suite->name[0] != '\0' ? v->suite->name : "Data quality";
    pln__text *out = &v->html, table;
    int64_t counts[3] = {0, 0, 0};
    pln_status status = PLN_OK;
    pln__text_init(&table, &v->mem);
    for (int64_t i = 0; i < v->suite->n_checks; i++)
        PLN__TRY(put_row(&v->runs[i], &table, counts, err));
    PLN__TRY(pln__text_status(&table, err));
    pln__text_again(out);
    pln__text_str(out, head);
    pln__text_str(out, "<title>");
    put(out, name);
    pln__text_str(out, "</title></head><body>\n<h1>");
    put(out, name);
    pln__text_printf(out, "</h1><p class=\"%s\">%s</p>\n<div class=\"sum\">",
                     statuses[counts[2] > 0 ? 2 : counts[1] > 0],
                     counts[2] > 0   ? "Not all is as it should be."
                     : counts[1] > 0 ? "As it should be, with warnings."
                                     : "All is as it should be.");
    put_sum(out, "rows", "", v->rows);
    put_sum(out, "passed", "passed", counts[0]);
    put_sum(out, "warned", "warned", counts[1]);
    put_sum(out, "failed", "failed", counts[2]);
    pln__text_str(out, "</div>\n<table><thead><tr><th>Status</th><th>Check</th><th>Result</th>"
                       "<th>Rows</th><th>Null</th><th>Wrong</th></tr></thead><tbody>\n");
    pln__text_bytes(out, table.data, table.size);
    pln__text_str(out, "</tbody></table>\n</body></html>\n");
    PLN__TRY(pln__text_status(out, err));
    *text = out->data;
    *size = out->size;
out:
    pln__text_free(&table);
    return status;
}
