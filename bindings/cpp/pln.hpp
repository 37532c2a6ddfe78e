/*
 * libpipeline for C++17: one header over the C interface, nothing to link but the library itself.
 *
 *     pln::runtime rt;
 *     pln::graph g(rt, "orders");
 *     g.add("read", "csv.read", R"({"path": "orders.csv"})");
 *     g.map("touch", [](pln::context &, const pln::batch &in) { return in; });
 *     g.add("store", "sqlite.upsert", R"({"database": "o.db", "table": "orders", "key": ["id"]})");
 *     g.wire("read > touch > store");
 *     pln::report report = g.run();
 *
 * Handles are movable and free what they hold. Errors are exceptions of type pln::error. A function given to map or source may throw: nothing
 * crosses the C library, and run throws the very same exception again. Columns are views that copy nothing; they are valid while
 * their batch is. For what a call means see the C header of the same noun.
 */
#ifndef PLN_HPP
#define PLN_HPP

#include <pln/pln.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace pln {

class error : public std::runtime_error {
public:
    explicit error(const pln_error &from)
        : std::runtime_error(std::string(from.where) + (from.where[0] != '\0' ? ": " : "") + from.message), record_(from) {}
    pln_status status() const noexcept { return record_.status; }
    const char *where() const noexcept { return record_.where; }
    const char *message() const noexcept { return record_.message; }
    bool retryable() const noexcept { return (record_.flags & PLN_ERR_RETRYABLE) != 0; }
    const pln_error &record() const noexcept { return record_; }

private:
    pln_error record_;
};

namespace detail {

/* Passed where the C interface wants a pln_error: call(status, err) throws if the call failed. */
inline pln_status check(pln_status status, pln_error &err) {
    if (status >= 0)
        return status;
    if (err.status == PLN_OK) {
        err.status = status;
        std::snprintf(err.message, sizeof err.message, "%s", pln_status_text(status));
    }
    throw error(err);
}

inline pln_status fill(pln_error *err, pln_status status, const char *message) noexcept {
    if (err != nullptr) {
        err->status = status;
        std::snprintf(err->message, sizeof err->message, "%s", message);
    }
    return status;
}

/* What a graph's functions have thrown, until run throws it again. */
struct thrown {
    std::exception_ptr what;
};

/* The border: every exception ends here and becomes a status. */
template <class F> pln_status guarded(thrown &pending, pln_error *err, F &&body) noexcept {
    try {
        return body();
    } catch (const std::bad_alloc &) {
        return fill(err, PLN_ENOMEM, "out of memory in a function of the program");
    } catch (const std::exception &e) {
        pending.what = std::current_exception();
        return fill(err, PLN_ECALLBACK, e.what());
    } catch (...) {
        pending.what = std::current_exception();
        return fill(err, PLN_ECALLBACK, "a function of the program threw something that is no std::exception");
    }
}

template <class T, void (*Free)(T *)> struct deleter {
    void operator()(T *handle) const noexcept { Free(handle); }
};
template <class T, void (*Free)(T *)> using handle = std::unique_ptr<T, deleter<T, Free>>;

inline void free_table(pln_table *table) { pln_table_free(table); }

} // namespace detail

/* A run of values in somebody else's memory; std::span where there is one already. */
template <class T> class view {
public:
    view(const T *data, std::size_t size) : data_(data), size_(size) {}
    const T *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    const T *begin() const noexcept { return data_; }
    const T *end() const noexcept { return data_ + size_; }
    const T &operator[](std::size_t i) const noexcept { return data_[i]; }

private:
    const T *data_;
    std::size_t size_;
};

/* An Arrow schema of one's own. */
class schema {
public:
    schema() = default;
    schema(schema &&other) noexcept : raw_(std::exchange(other.raw_, ArrowSchema{})) {}
    schema &operator=(schema &&other) noexcept {
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~schema() {
        if (raw_.release != nullptr)
            raw_.release(&raw_);
    }
    ArrowSchema *get() noexcept { return &raw_; }
    const ArrowSchema *get() const noexcept { return &raw_; }

private:
    ArrowSchema raw_{};
};

class runtime {
public:
    explicit runtime(const pln_runtime_options *options = nullptr) {
        pln_error err{};
        pln_runtime *made = nullptr;
        detail::check(pln_runtime_new(options, &made, &err), err);
        handle_.reset(made);
    }
    pln_runtime *get() const noexcept { return handle_.get(); }
    void load(const std::string &path) {
        pln_error err{};
        detail::check(pln_runtime_load(get(), path.c_str(), &err), err);
    }
    /* "id int64 not null, name utf8" */
    schema parse(const std::string &text) const {
        pln_error err{};
        schema out;
        detail::check(pln_schema_parse(get(), text.c_str(), out.get(), &err), err);
        return out;
    }

private:
    detail::handle<pln_runtime, pln_runtime_free> handle_;
};

/* A column of a batch. Fixed-width values are seen as they lie; text comes as string_view. */
class column {
public:
    column(const ArrowSchema *type, const ArrowArray *array) : type_(type), array_(array) {}
    std::string_view name() const noexcept { return type_->name; }
    std::string_view format() const noexcept { return type_->format; }
    std::size_t size() const noexcept { return static_cast<std::size_t>(array_->length); }
    bool valid(std::size_t row) const noexcept {
        auto bits = static_cast<const uint8_t *>(array_->buffers[0]);
        std::size_t at = row + static_cast<std::size_t>(array_->offset);
        return bits == nullptr || array_->null_count == 0 || (bits[at / 8] >> (at % 8) & 1) != 0;
    }
    /* Throws if T is not how the column's values lie in memory; what stands at a null is not defined. */
    template <class T> view<T> values() const {
        static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>, "values of fixed width");
        if (!fits<T>())
            throw std::invalid_argument("column " + std::string(name()) + " of format '" + std::string(format()) +
                                        "' is read as another type");
        return view<T>(static_cast<const T *>(array_->buffers[1]) + array_->offset, size());
    }
    std::string_view text(std::size_t row) const {
        if (format() != "u" && format() != "z")
            throw std::invalid_argument("column " + std::string(name()) + " is no text");
        auto offsets = static_cast<const int32_t *>(array_->buffers[1]) + array_->offset + row;
        return {static_cast<const char *>(array_->buffers[2]) + offsets[0], static_cast<std::size_t>(offsets[1] - offsets[0])};
    }

private:
    /* Dates, times and timestamps lie as integers. */
    template <class T> bool fits() const {
        const std::string_view f = format();
        const char kind = f.empty() ? ' ' : f[0];
        if constexpr (std::is_floating_point_v<T>)
            return kind == (sizeof(T) == 8 ? 'g' : 'f');
        if (kind == 't')
            return std::is_signed_v<T> && sizeof(T) == (f.substr(0, 3) == "tdD" || f == "tts" || f == "ttm" ? 4 : 8);
        constexpr const char *letters = std::is_signed_v<T> ? "csil" : "CSIL";
        return f.size() == 1 && kind == letters[sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3];
    }
    const ArrowSchema *type_;
    const ArrowArray *array_;
};

/* Rows; a copy counts, nothing else. */
class batch {
public:
    explicit batch(pln_batch *owned) noexcept : handle_(owned) {}
    static batch share(pln_batch *lent) noexcept { return batch(pln_batch_ref(lent)); }
    batch(const batch &other) noexcept : handle_(pln_batch_ref(other.get())) {}
    batch(batch &&) noexcept = default;
    batch &operator=(batch other) noexcept {
        handle_.swap(other.handle_);
        return *this;
    }
    pln_batch *get() const noexcept { return handle_.get(); }
    pln_batch *release() noexcept { return handle_.release(); }
    std::size_t rows() const noexcept { return static_cast<std::size_t>(pln_batch_rows(get())); }
    std::size_t columns() const noexcept { return static_cast<std::size_t>(pln_batch_schema(get())->n_children); }
    column operator[](std::size_t i) const noexcept {
        return {pln_batch_schema(get())->children[i], pln_batch_array(get())->children[i]};
    }
    column operator[](std::string_view name) const {
        for (std::size_t i = 0; i < columns(); i++)
            if (name == pln_batch_schema(get())->children[i]->name)
                return (*this)[i];
        throw std::out_of_range("no column " + std::string(name));
    }

private:
    detail::handle<pln_batch, pln_batch_unref> handle_;
};

/* Rows in, batches out. append takes one value a column: numbers, text, or std::nullopt and optionals for null. */
class builder {
public:
    builder(const runtime &rt, const ArrowSchema *of) {
        pln_error err{};
        pln_builder *made = nullptr;
        detail::check(pln_builder_new(rt.get(), of, &made, &err), err);
        handle_.reset(made);
    }
    template <class... Values> void append(const Values &...values) {
        int64_t at = 0;
        (put(pln_builder_column(handle_.get(), at++), values), ...);
    }
    batch finish() {
        pln_error err{};
        pln_batch *made = nullptr;
        detail::check(pln_builder_finish(handle_.get(), &made, &err), err);
        return batch(made);
    }

private:
    template <class T> static void put(pln_column *to, const T &value) {
        pln_error err{};
        pln_status status;
        if (to == nullptr)
            throw std::out_of_range("more values than columns");
        if constexpr (std::is_same_v<T, std::nullopt_t>)
            status = pln_column_null(to, &err);
        else if constexpr (std::is_floating_point_v<T>)
            status = pln_column_float(to, value, &err);
        else if constexpr (std::is_unsigned_v<T> && !std::is_same_v<T, bool>)
            status = pln_column_uint(to, value, &err);
        else if constexpr (std::is_integral_v<T>)
            status = pln_column_int(to, value, &err);
        else if constexpr (std::is_convertible_v<T, std::string_view>) {
            std::string_view text = value;
            status = pln_column_text(to, text.data(), static_cast<int64_t>(text.size()), &err);
        } else
            return value ? put(to, *value) : put(to, std::nullopt);
        detail::check(status, err);
    }
    detail::handle<pln_builder, pln_builder_free> handle_;
};

/* Batches in memory: input of memory.read, output of memory.write. */
class table {
public:
    explicit table(const runtime &rt, const ArrowSchema *of = nullptr) {
        pln_error err{};
        pln_table *made = nullptr;
        detail::check(pln_table_new(rt.get(), of, &made, &err), err);
        handle_.reset(made);
    }
    pln_table *get() const noexcept { return handle_.get(); }
    void append(const batch &rows) {
        pln_error err{};
        detail::check(pln_table_append(get(), rows.get(), &err), err);
    }
    std::size_t rows() const noexcept { return static_cast<std::size_t>(pln_table_rows(get())); }
    std::size_t size() const noexcept { return static_cast<std::size_t>(pln_table_count(get())); }
    batch operator[](std::size_t i) const { return batch::share(pln_table_batch(get(), static_cast<int64_t>(i))); }

private:
    detail::handle<pln_table, detail::free_table> handle_;
};

class report {
public:
    explicit report(pln_report *owned) noexcept : handle_(owned) {}
    pln_run_summary summary() const noexcept {
        pln_run_summary out{};
        out.struct_size = sizeof out;
        pln_report_summary(handle_.get(), &out);
        return out;
    }
    /* A node's own counter, or -1. */
    int64_t counter(const char *node, const char *metric) const noexcept {
        return pln_report_counter(handle_.get(), node, metric);
    }
    std::string_view json() const noexcept { return pln_report_json(handle_.get()); }

private:
    detail::handle<pln_report, pln_report_free> handle_;
};

/* What a function may ask while it is called. */
class context {
public:
    context(pln_context *lent) noexcept : lent_(lent) {}
    void count(const char *metric, int64_t n) { lent_->host->count(lent_, metric, n); }
    bool cancelled() const { return lent_->host->cancelled(lent_) != 0; }
    pln_context *get() const noexcept { return lent_; }

private:
    pln_context *lent_;
};

using map_function = std::function<batch(context &, const batch &)>;
/* At most max_rows rows, or nothing at the end of input. */
using source_function = std::function<std::optional<batch>(context &, int64_t max_rows)>;

class graph {
public:
    graph(const runtime &rt, const std::string &name) : thrown_(std::make_shared<detail::thrown>()) {
        pln_error err{};
        pln_graph *made = nullptr;
        detail::check(pln_graph_new(rt.get(), name.c_str(), &made, &err), err);
        handle_.reset(made);
    }
    pln_graph *get() const noexcept { return handle_.get(); }
    void add(const std::string &node, const char *stage, const char *json = nullptr) {
        pln_error err{};
        detail::check(pln_graph_add(get(), node.c_str(), stage, json, &err), err);
    }
    void set(const std::string &node, const char *key, const std::string &value) {
        pln_error err{};
        detail::check(pln_graph_set_text(get(), node.c_str(), key, value.c_str(), &err), err);
    }
    void set(const std::string &node, const char *key, const char *value) { set(node, key, std::string(value)); }
    void set(const std::string &node, const char *key, const std::vector<std::string> &values) {
        pln_error err{};
        std::vector<const char *> texts;
        for (const std::string &value : values)
            texts.push_back(value.c_str());
        detail::check(pln_graph_set_texts(get(), node.c_str(), key, texts.data(), static_cast<int64_t>(texts.size()), &err), err);
    }
    template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>> void set(const std::string &node, const char *key, T value) {
        pln_error err{};
        if constexpr (std::is_floating_point_v<T>)
            detail::check(pln_graph_set_float(get(), node.c_str(), key, value, &err), err);
        else
            detail::check(pln_graph_set_int(get(), node.c_str(), key, static_cast<int64_t>(value), &err), err);
    }
    /* The table must outlive the graph. */
    void bind(const std::string &node, const char *key, const table &bound) {
        pln_error err{};
        detail::check(pln_graph_bind(get(), node.c_str(), key, bound.get(), nullptr, &err), err);
    }
    /* A function of every batch. Without a schema it gives as many rows as it gets, of the same columns. */
    void map(const std::string &node, map_function function, const ArrowSchema *gives = nullptr, uint32_t flags = PLN_MAP_ROWWISE) {
        pln_error err{};
        pln_map_options options{};
        options.struct_size = sizeof options;
        options.flags = flags;
        options.schema = gives;
        auto *kept = new mapper{std::move(function), thrown_};
        detail::check(pln_graph_add_map(get(), node.c_str(), &graph::call_map, kept, &graph::drop<mapper>, &options, &err), err);
    }
    /* A source of batches of the given columns, such as "id int64 not null, name utf8". */
    void source(const std::string &node, std::string columns, source_function function) {
        pln_error err{};
        auto *kept = new sourcer{std::move(function), std::move(columns), thrown_};
        static const pln_source calls = source_calls();
        detail::check(pln_graph_add_source(get(), node.c_str(), &calls, kept, &graph::drop<sourcer>, nullptr, &err), err);
    }
    void wire(const std::string &edges) {
        pln_error err{};
        detail::check(pln_graph_wire(get(), edges.c_str(), &err), err);
    }
    /* To the end of input. An exception of one of the graph's functions is thrown again as it was. */
    report run(const pln_run_options *options = nullptr) {
        pln_error err{};
        pln_report *made = nullptr;
        thrown_->what = nullptr;
        pln_status status = pln_graph_run(get(), options, &made, &err);
        report out(made);
        if (status < 0 && thrown_->what != nullptr)
            std::rethrow_exception(std::exchange(thrown_->what, nullptr));
        detail::check(status, err);
        return out;
    }

private:
    struct mapper {
        map_function call;
        std::shared_ptr<detail::thrown> pending;
    };
    struct sourcer {
        source_function call;
        std::string columns;
        std::shared_ptr<detail::thrown> pending;
    };
    template <class T> static void drop(void *user) { delete static_cast<T *>(user); }
    static pln_status call_map(void *user, pln_context *ctx, pln_batch *in, pln_batch **out, pln_error *err) noexcept {
        auto *me = static_cast<mapper *>(user);
        return detail::guarded(*me->pending, err, [&] {
            context here(ctx);
            *out = me->call(here, batch::share(in)).release();
            return PLN_OK;
        });
    }
    static pln_status open_source(void *user, pln_context *, const pln_config *, void **self, pln_error *) noexcept {
        *self = user;
        return PLN_OK;
    }
    static pln_status schema_of_source(void *self, pln_context *ctx, ArrowSchema *out, pln_error *err) noexcept {
        return ctx->host->schema_parse(ctx, static_cast<sourcer *>(self)->columns.c_str(), out, err);
    }
    static pln_status poll_source(void *self, pln_context *ctx, const pln_want *want, pln_batch **out, pln_error *err) noexcept {
        auto *me = static_cast<sourcer *>(self);
        return detail::guarded(*me->pending, err, [&]() -> pln_status {
            context here(ctx);
            std::optional<batch> rows = me->call(here, want->max_rows);
            if (!rows)
                return PLN_EOS;
            *out = rows->release();
            return PLN_OK;
        });
    }
    static void close_source(void *, pln_context *) noexcept {}
    static pln_source source_calls() {
        pln_source calls{};
        calls.struct_size = sizeof calls;
        calls.abi = PLN_PLUGIN_ABI;
        calls.name = "cpp.source";
        calls.summary = "A C++ function that makes batches.";
        calls.caps = PLN_CAP_BOUNDED;
        calls.open = open_source;
        calls.schema = schema_of_source;
        calls.poll = poll_source;
        calls.close = close_source;
        return calls;
    }
    std::shared_ptr<detail::thrown> thrown_;
    detail::handle<pln_graph, pln_graph_free> handle_;
};

} // namespace pln

#endif
