/*
 * quickstart in C++17: rows from a lambda, a function of every batch that reads columns without copying them, an upsert into SQLite, and a
 * look at what was stored. bindings/cpp/pln.hpp is the whole binding.
 */
#include <pln.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <numeric>

namespace {

constexpr int64_t orders = 50000;

/* Batches of at most max_rows rows, until there are no more. */
pln::source_function make_orders(const pln::runtime &rt, const std::string &columns) {
    return [&rt, type = std::make_shared<pln::schema>(rt.parse(columns)),
            next = int64_t{0}](pln::context &, int64_t max_rows) mutable -> std::optional<pln::batch> {
        if (next == orders)
            return std::nullopt;
        pln::builder rows(rt, type->get());
        for (int64_t n = 0; n < max_rows && next < orders; n++, next++) {
            const char *customers[] = {"Ada", "Grace", "Edsger"};
            std::optional<std::string> note;
            if (next % 10 == 0)
                note = "order " + std::to_string(next);
            rows.append(next, customers[next % 3], static_cast<double>(next % 1000) / 4, note);
        }
        return rows.finish();
    };
}

void load() {
    const std::string columns = "id int64 not null, customer utf8 not null, amount float64, note utf8";
    pln::runtime rt;
    pln::table kept(rt); /* declared before the graph that writes to it, so that it outlives it */
    pln::graph g(rt, "quickstart-cpp");
    double total = 0;
    g.source("orders", columns, make_orders(rt, columns));
    g.map("sum", [&total](pln::context &ctx, const pln::batch &in) {
        auto amounts = in["amount"].values<double>(); /* the column as it lies in memory */
        total = std::accumulate(amounts.begin(), amounts.end(), total);
        ctx.count("batches", 1);
        return in;
    });
    g.add("large", "filter", PLN_JSON({"where": "amount >= 200"}));
    g.add("store", "sqlite.upsert", PLN_JSON({"table": "orders", "key": ["id"]}));
    g.set("store", "database", "quickstart-cpp.db");
    g.add("keep", "memory.write");
    g.bind("keep", "table", kept);
    g.wire("orders > sum > large > store; large > keep");
    pln::report report = g.run();
    std::printf("%lld orders of %.2f in all, %lld large ones stored (%lld new), %lld batches\n",
                static_cast<long long>(report.summary().rows_in), total, static_cast<long long>(kept.rows()),
                static_cast<long long>(std::max<int64_t>(report.counter("store", "inserted"), 0)),
                static_cast<long long>(report.counter("sum", "batches")));
    if (total != 6243750 || kept.rows() != 10000)
        throw std::runtime_error("the sums are not those that were expected");
    std::string_view customer = kept[0]["customer"].text(0);
    std::cout << "the first of them is " << customer << "'s\n";
}

/* What a function throws comes out of run as it went in. */
bool throws_as_it_was() {
    pln::runtime rt;
    pln::graph g(rt, "broken");
    g.add("numbers", "generate", PLN_JSON({"rows": 10, "columns": {"id": {"sequence": 1}}}));
    g.map("fail", [](pln::context &, const pln::batch &) -> pln::batch { throw std::domain_error("not today"); });
    g.add("store", "sqlite.append", PLN_JSON({"database": "quickstart-cpp.db", "table": "never"}));
    g.wire("numbers > fail > store");
    try {
        g.run();
    } catch (const std::domain_error &e) {
        return std::string_view(e.what()) == "not today";
    }
    return false;
}

} // namespace

int main() {
    try {
        load();
        if (!throws_as_it_was())
            throw std::runtime_error("an exception was lost");
    } catch (const pln::error &e) {
        std::cerr << "quickstart-cpp: " << pln_status_name(e.status()) << ": " << e.what() << '\n';
        return 3;
    } catch (const std::exception &e) {
        std::cerr << "quickstart-cpp: " << e.what() << '\n';
        return 3;
    }
    return 0;
}
