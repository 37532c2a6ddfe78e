// The same events to the same columns with simdjson's on-demand parser, as fast as its manual says it goes: one parser, iterate_many,
// members asked for in the order of the text, columns written into memory that is used again.
//     peer_simdjson FILE      one JSON line a round
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <simdjson.h>
#include <string_view>
#include <vector>

using namespace simdjson;

struct Text {
    std::vector<int32_t> ends;
    std::vector<char> bytes;
    size_t rows = 0, size = 0;
    void clear() {
        rows = size = 0;
    }
    void add(std::string_view s) {
        if (size + s.size() > bytes.size())
            bytes.resize((size + s.size()) * 2);
        memcpy(bytes.data() + size, s.data(), s.size());
        size += s.size();
        if (rows == ends.size())
            ends.resize(rows * 2 + 1024);
        ends[rows++] = int32_t(size);
    }
};

template <class T> struct Plain {
    std::vector<T> values;
    size_t rows = 0;
    void clear() {
        rows = 0;
    }
    void add(T value) {
        if (rows == values.size())
            values.resize(rows * 2 + 1024);
        values[rows++] = value;
    }
};

static double now() {
    timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return double(at.tv_sec) + double(at.tv_nsec) * 1e-9;
}

static int two(const char *p) {
    return (p[0] - '0') * 10 + (p[1] - '0');
}

// "YYYY-MM-DDThh:mm:ss.ffffffZ"; the day is kept, for dates come in runs.
static int64_t micros(std::string_view s) {
    static char last[10];
    static int64_t day;
    const char *p = s.data();
    if (s.size() < 27)
        return 0;
    if (memcmp(last, p, 10) != 0) {
        memcpy(last, p, 10);
        int64_t y = two(p) * 100 + two(p + 2), m = two(p + 5), d = two(p + 8);
        y -= m <= 2;
        int64_t era = y / 400, yoe = y - era * 400;
        int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
        day = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    }
    int64_t second = two(p + 11) * 3600 + two(p + 14) * 60 + two(p + 17);
    return (day * 86400 + second) * 1000000 + two(p + 20) * 10000 + two(p + 22) * 100 + two(p + 24);
}

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    auto text = padded_string::load(argv[1]).take_value();
    ondemand::parser parser;
    Text id, type, email, country;
    Plain<int64_t> at, order_id, customer_id;
    Plain<int32_t> quantity;
    Plain<double> amount;
    Plain<uint8_t> express;
    for (int round = 0; round < 3; round++) {
        uint64_t sum = 0, rows = 0;
        double start = now();
        auto flush = [&] {
            for (size_t i = 0; i < at.rows; i++)
                sum += uint64_t(at.values[i]) + uint64_t(order_id.values[i]) +
                       uint64_t(amount.values[i] * 100 + 0.5) + uint64_t(quantity.values[i]);
            sum += email.size;
            rows += at.rows;
            id.clear(), type.clear(), email.clear(), country.clear(), at.clear(), order_id.clear();
            customer_id.clear(), quantity.clear(), amount.clear(), express.clear();
        };
        ondemand::document_stream docs = parser.iterate_many(text, 1 << 20).take_value();
        for (auto doc : docs) {
            auto record = doc.get_object().value();
            id.add(record["event_id"].get_string().value());
            at.add(micros(record["event_time"].get_string().value()));
            type.add(record["event_type"].get_string().value());
            auto order = record["order"].get_object().value();
            order_id.add(order["order_id"].get_int64().value());
            auto customer = order["customer"].get_object().value();
            customer_id.add(customer["customer_id"].get_int64().value());
            email.add(customer["email"].get_string().value());
            country.add(customer["country"].get_string().value());
            amount.add(order["amount"].get_double().value());
            quantity.add(int32_t(order["quantity"].get_int64().value()));
            express.add(order["express"].get_bool().value());
            if (at.rows == 8192)
                flush();
        }
        flush();
        double seconds = now() - start;
        if (round > 0)
            printf("{\"bench\":\"ndjson\",\"case\":\"peer/simdjson\",\"rows\":%llu,\"bytes\":%zu,\"GB_s\":%.3f,"
                   "\"ns_row\":%.1f,\"sum\":%llu}\n",
                   (unsigned long long)rows, text.size(), double(text.size()) / seconds * 1e-9,
                   seconds * 1e9 / double(rows), (unsigned long long)sum);
    }
    return 0;
}
