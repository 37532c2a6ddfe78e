// What bindings/cpp/pln.hpp promises beyond its quickstart; test_cpp.sh compiles and runs it.
#include <pln.hpp>

#include <array>
#include <cstdio>

static int passed, failed;

static void check(const char *what, bool good) {
    (good ? passed : failed)++;
    if (!good)
        std::printf("failed: %s\n", what);
}

template <class E, class F> static bool throws(F &&body) {
    try {
        body();
    } catch (const E &) {
        return true;
    } catch (...) {
    }
    return false;
}

static void columns(const pln::runtime &rt) {
    pln::schema type = rt.parse("id int64 not null, x float64, s utf8, n uint8, at timestamp(ms, UTC)");
    pln::builder rows(rt, type.get());
    rows.append(1, 0.5, "one", std::nullopt, 1000);
    rows.append(int64_t{2}, std::optional<double>{}, std::string("two"), uint8_t{200}, "1970-01-01T00:00:02Z");
    rows.append(true, 1.5f, std::optional<std::string>("three"), 7u, std::nullopt);
    pln::batch batch = rows.finish(), copy = batch;
    check("rows", copy.rows() == 3 && copy.columns() == 5);
    auto ids = batch["id"].values<int64_t>();
    check("values", ids.size() == 3 && ids[1] == 2 && *ids.begin() == 1 && ids.end() - ids.begin() == 3);
    check("no copy", ids.data() == copy["id"].values<int64_t>().data());
    check("nulls", batch["x"].valid(0) && !batch["x"].valid(1) && !batch["n"].valid(0));
    check("text", batch["s"].text(2) == "three");
    check("time", batch["at"].values<int64_t>()[1] == 2000);
    check("unsigned", batch["n"].values<uint8_t>()[1] == 200);
    check("another type", throws<std::invalid_argument>([&] { (void)batch["id"].values<int32_t>(); }) &&
                              throws<std::invalid_argument>([&] { (void)batch["n"].values<int8_t>(); }) &&
                              throws<std::invalid_argument>([&] { (void)batch["x"].text(0); }));
    check("no such column", throws<std::out_of_range>([&] { (void)batch["y"]; }));
    check("too many values", throws<std::out_of_range>([&] { rows.append(1, 1.0, "a", 1, 1, 1); }));
}

struct odd {};

static void exceptions(const pln::runtime &rt) {
    auto run = [&](auto thrower) {
        pln::graph g(rt, "throws");
        pln::table kept(rt);
        g.source("in", "id int64", [&rt, done = false](pln::context &, int64_t) mutable -> std::optional<pln::batch> {
            if (std::exchange(done, true))
                return std::nullopt;
            pln::schema type = rt.parse("id int64");
            pln::builder rows(rt, type.get());
            rows.append(1);
            return rows.finish();
        });
        g.map("fail", [thrower](pln::context &, const pln::batch &) -> pln::batch { thrower(); throw 1; });
        g.add("out", "memory.write");
        g.bind("out", "table", kept);
        g.wire("in > fail > out");
        g.run();
    };
    check("a standard exception", throws<std::domain_error>([&] { run([] { throw std::domain_error("x"); }); }));
    check("one that is none", throws<odd>([&] { run([] { throw odd{}; }); }));
    check("no memory", throws<pln::error>([&] { run([] { throw std::bad_alloc(); }); }));
    check("an unknown stage", throws<pln::error>([&] { pln::graph(rt, "x").add("a", "csv.raed"); }));
    try {
        rt.parse("id itn64");
    } catch (const pln::error &e) {
        check("the status", e.status() == PLN_ESYNTAX && std::string_view(e.what()).find("itn64") != std::string_view::npos);
    }
}

static void options(const pln::runtime &rt) {
    pln::graph g(rt, "options");
    g.add("in", "generate", PLN_JSON({"columns": {"id": {"sequence": 0}}}));
    g.set("in", "rows", 10);
    g.add("some", "select");
    g.set("some", "columns", std::vector<std::string>{"id"});
    pln::table kept(rt);
    g.add("out", "memory.write");
    g.bind("out", "table", kept);
    g.wire("in > some > out");
    pln::report report = g.run();
    check("options are set", kept.rows() == 10 && report.summary().rows_out == 10 && report.json().front() == '{');
    pln::graph moved = std::move(g);
    check("handles move", moved.get() != nullptr && g.get() == nullptr); // NOLINT: that is what is tested
}

int main() {
    pln::runtime rt;
    columns(rt);
    exceptions(rt);
    options(rt);
    std::printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
