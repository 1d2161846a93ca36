// What is read of Gaia's files before it becomes chunks: records in sorted runs in a working directory, one pixel's records
// put together from all of them, and the tables that are joined to them by source_id. For gaia_chunks.cpp alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/fits/table.h"
#include "core/refs/gaia_chunks.h"
#include "core/refs/gaia_rows.h"
#include "core/refs/healpix.h"

namespace brickline::refs {

namespace fs = std::filesystem;

inline constexpr std::size_t kRunBytes = std::size_t{1}
                                         << 25;  // of records that are sorted at a time, at most
inline constexpr std::size_t kBlockBytes = std::size_t{1}
                                           << 16;  // of records that are looked up, read at a time
inline constexpr char kMagic[8] = {'g', 'a', 'i', 'a', 'r', 'u', 'n', '1'};

// Records of one input in the working directory: sorted runs, each in order of pixel and source_id, then a table of
// where each pixel's are, then this. Those of tables to be joined are all of pixel 0: an entry is a run.
struct Footer {
  char magic[8] = {};
  std::int64_t entries = 0, rows = 0;
  double epoch = 0;  // of all rows; NaN where there are none
};
struct Entry {
  std::int64_t pixel = 0, first_row = 0, rows = 0;
};
struct Slice {
  std::size_t part = 0;
  std::int64_t first_row = 0, rows = 0;
};

template <typename T>
std::string_view bytes_of(const T* values, std::size_t count) {
  return {reinterpret_cast<const char*>(values), count * sizeof(T)};
}

// A part that is being written.
class PartWriter {
 public:
  PartWriter(const fs::path& path, const RowLayout& layout, const GaiaChunkOptions& options)
      : file_(path), layout_(layout), options_(options) {}
  void add(const GaiaRow& row) {
    if (footer_.rows == 0 && order_.empty()) footer_.epoch = row.ref_epoch;
    if (row.ref_epoch != footer_.epoch)
      throw input_error("source_id {}: ref_epoch {}, and the rows before have {}", row.source_id,
                        row.ref_epoch, footer_.epoch);
    const double ra = row.ra >= 360 ? row.ra - 360 : row.ra;
    const int pixel = layout_.positions ? healpix(ra, row.dec, refs::kGaiaNside, options_.scheme) : 0;
    order_.emplace_back(pixel, row.source_id, order_.size());
    records_.append(row.record, layout_.bytes);
    if (static_cast<std::int64_t>(order_.size()) >= options_.rows_in_memory || records_.size() > kRunBytes)
      flush();
  }
  std::int64_t finish() {
    flush();
    if (footer_.rows == 0) footer_.epoch = std::numeric_limits<double>::quiet_NaN();
    std::memcpy(footer_.magic, kMagic, sizeof kMagic);
    footer_.entries = static_cast<std::int64_t>(entries_.size());
    file_.append(bytes_of(entries_.data(), entries_.size()));
    file_.append(bytes_of(&footer_, 1));
    file_.put_in_place();
    return footer_.rows;
  }

 private:
  void flush() {
    std::sort(order_.begin(), order_.end());
    std::string sorted;
    sorted.reserve(records_.size());
    for (const auto& [pixel, id, place] : order_) {
      if (entries_.empty() || entries_.back().pixel != pixel || entries_.back().first_row < footer_.rows)
        entries_.push_back(
            {pixel, footer_.rows + static_cast<std::int64_t>(sorted.size() / layout_.bytes), 0});
      ++entries_.back().rows;
      sorted.append(records_, place * layout_.bytes, layout_.bytes);
    }
    file_.append(sorted);
    footer_.rows += static_cast<std::int64_t>(order_.size());
    order_.clear();
    records_.clear();
  }

  AtomicFile file_;
  const RowLayout& layout_;
  const GaiaChunkOptions& options_;
  std::string records_;
  std::vector<std::tuple<int, std::int64_t, std::size_t>> order_;  // pixel, source_id, place in records_
  std::vector<Entry> entries_;
  Footer footer_;
};

inline void read_at(std::ifstream& in, std::int64_t at, char* to, std::size_t bytes) {
  in.seekg(at);
  if (!in.read(to, static_cast<std::streamsize>(bytes))) throw input_error("cannot be read, or is cut short");
}

struct Part {
  fs::path path, input;
  Footer footer;
  std::vector<Entry> entries;
};

inline Part read_part(const fs::path& path, const fs::path& input, const RowLayout& layout) try {
  Part part{path, input, {}, {}};
  std::ifstream in(path, std::ios::binary);
  const auto size = static_cast<std::int64_t>(fs::file_size(path));
  constexpr std::int64_t kFooter = sizeof(Footer);
  if (size < kFooter) throw input_error("is cut short");
  read_at(in, size - kFooter, reinterpret_cast<char*>(&part.footer), sizeof(Footer));
  const std::int64_t table = part.footer.rows * static_cast<std::int64_t>(layout.bytes);
  if (std::memcmp(part.footer.magic, kMagic, sizeof kMagic) != 0 || part.footer.entries < 0 ||
      table + part.footer.entries * static_cast<std::int64_t>(sizeof(Entry)) + kFooter != size)
    throw input_error("is damaged: remove it, and its input is read again");
  part.entries.resize(static_cast<std::size_t>(part.footer.entries));
  read_at(in, table, reinterpret_cast<char*>(part.entries.data()), part.entries.size() * sizeof(Entry));
  return part;
} catch (Error& error) {
  throw error.in_file(path.string());
}

inline std::int64_t id_of(const char* record) {
  std::int64_t id = 0;  // the first column
  std::memcpy(&id, record, sizeof id);
  return id;
}

// A run of sorted records, read by blocks.
class RunReader {
 public:
  RunReader(const Part& part, const Entry& run, std::size_t bytes)
      : part_(part), run_(run), bytes_(bytes), in_(part.path, std::ios::binary) {}
  const char* record(std::int64_t i) {
    const auto per_block = static_cast<std::int64_t>(std::max(std::size_t{1}, kBlockBytes / bytes_));
    if (i < first_ || i >= first_ + held_) {
      first_ = i / per_block * per_block;
      held_ = std::min(per_block, run_.rows - first_);
      block_.resize(static_cast<std::size_t>(held_) * bytes_);
      try {
        read_at(in_, (run_.first_row + first_) * static_cast<std::int64_t>(bytes_), block_.data(),
                block_.size());
      } catch (Error& error) {
        throw error.in_file(part_.path.string());
      }
    }
    return block_.data() + static_cast<std::size_t>(i - first_) * bytes_;
  }
  std::int64_t id(std::int64_t i) { return id_of(record(i)); }
  // The first record from `from` on whose id is not below; run_.rows if there is none. In growing steps, for what is
  // looked up next is mostly near.
  std::int64_t lower_bound(std::int64_t from, std::int64_t wanted) {
    std::int64_t low = from, step = 1;
    while (low + step < run_.rows && id(low + step) < wanted) {
      low += step;
      step *= 2;
    }
    std::int64_t high = std::min(low + step, run_.rows);
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (id(middle) < wanted)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }

 private:
  const Part& part_;
  const Entry& run_;
  std::size_t bytes_;
  std::ifstream in_;
  std::vector<char> block_;
  std::int64_t first_ = 0, held_ = 0;
};

// A table to be joined, in sorted runs.
struct Joined {
  const GaiaJoinedTable* table = nullptr;
  RowLayout layout;
  std::vector<Part> parts;
  struct Run {
    std::size_t part = 0, entry = 0;
    std::int64_t first_id = 0, last_id = 0;
  };
  std::vector<Run> runs;

  void add(Part part) {
    parts.push_back(std::move(part));
    const Part& p = parts.back();
    for (std::size_t e = 0; e < p.entries.size(); ++e) {
      RunReader run(p, p.entries[e], layout.bytes);
      runs.push_back({parts.size() - 1, e, run.id(0), run.id(p.entries[e].rows - 1)});
    }
  }

  // What stars have, whose ids increase: the values of each column, NaN where a star has no row.
  struct Found {
    std::vector<std::vector<float>> values;  // as layout.columns without source_id: of floats, all
    std::vector<const fs::path*> input;      // where the row comes from; null: there is none
  };
  Found find(const std::vector<std::int64_t>& ids) const {
    Found found;
    for (std::size_t k = 1; k < layout.columns.size(); ++k)
      found.values.emplace_back(ids.size() * static_cast<std::size_t>(layout.columns[k].count),
                                std::numeric_limits<float>::quiet_NaN());
    found.input.resize(ids.size());
    const auto for_each_column = [&](std::size_t star, const char* record, auto&& f) {
      for (std::size_t k = 1; k < layout.columns.size(); ++k) {
        const auto count = static_cast<std::size_t>(layout.columns[k].count);
        f(found.values[k - 1].data() + star * count, record + layout.columns[k].offset,
          count * sizeof(float));
      }
    };
    for (const Run& run : runs) {
      auto at = std::lower_bound(ids.begin(), ids.end(), run.first_id);
      const Part& part = parts[run.part];
      const Entry& entry = part.entries[run.entry];
      if (at == ids.end() || *at > run.last_id) continue;
      RunReader reader(part, entry, layout.bytes);
      std::int64_t place = 0;
      for (; at != ids.end() && *at <= run.last_id; ++at) {
        place = reader.lower_bound(place, *at);
        for (; place < entry.rows && reader.id(place) == *at; ++place) {
          const auto star = static_cast<std::size_t>(at - ids.begin());
          const char* record = reader.record(place);
          bool same = true;
          for_each_column(star, record, [&](const float* known, const char* values, std::size_t bytes) {
            same &= std::memcmp(known, values, bytes) == 0;
          });
          if (found.input[star] && !same)
            throw input_error(
                "source_id {} has another row, in {}, and the two differ: which of them is meant?", *at,
                found.input[star]->string())
                .in_file(part.input.string());
          for_each_column(star, record, [](float* to, const char* values, std::size_t bytes) {
            std::memcpy(to, values, bytes);
          });
          found.input[star] = &part.input;
        }
      }
    }
    return found;
  }
};

// One pixel's records from all parts, by source_id, each star once.
class Gathered {
 public:
  Gathered(const std::vector<Part>& parts, const std::vector<Slice>& slices, const RowLayout& layout)
      : layout_(layout) {
    std::int64_t rows = 0;
    for (const Slice& s : slices) rows += s.rows;
    records_.resize(static_cast<std::size_t>(rows) * layout.bytes);
    char* at = records_.data();
    for (const Slice& s : slices) {
      std::ifstream in(parts[s.part].path, std::ios::binary);
      const std::size_t bytes = static_cast<std::size_t>(s.rows) * layout.bytes;
      try {
        read_at(in, s.first_row * static_cast<std::int64_t>(layout.bytes), at, bytes);
      } catch (Error& error) {
        throw error.in_file(parts[s.part].path.string());
      }
      at += bytes;
    }
    order_.reserve(static_cast<std::size_t>(rows));
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) order_.emplace_back(id(i), i);
    std::sort(order_.begin(), order_.end());
    const auto is_again = [&](const auto& a, const auto& b) {
      if (a.first != b.first) return false;
      if (std::memcmp(record(a.second), record(b.second), layout_.bytes) != 0)
        throw input_error("source_id {} has another row, in {}, and the two differ: which of them is meant?",
                          a.first, input_of(parts, slices, b.second).string())
            .in_file(input_of(parts, slices, a.second).string());
      return true;
    };
    order_.erase(std::unique(order_.begin(), order_.end(), is_again), order_.end());
    duplicates = rows - static_cast<std::int64_t>(order_.size());
  }
  std::int64_t rows() const { return static_cast<std::int64_t>(order_.size()); }

  fits::Table table() const {
    fits::Table table;
    for (const RowColumn& c : layout_.columns) {
      switch (c.type) {
        case 'K':
          add<std::int64_t>(table, c);
          break;
        case 'D':
          add<double>(table, c);
          break;
        case 'E':
          add<float>(table, c);
          break;
        case 'I':
          add<std::int16_t>(table, c);
          break;
        default: {
          std::vector<bool> flags;
          for (const auto& [id, place] : order_) flags.push_back(record(place)[c.offset] != 0);
          table.add(c.name, std::move(flags), c.unit);
        }
      }
    }
    return table;
  }

  // Puts the columns of a joined table behind those of the stars; returns how many have a row of it.
  std::int64_t join(const Joined& joined, fits::Table& table) const {
    std::vector<std::int64_t> ids;
    for (const auto& [id, place] : order_) ids.push_back(id);
    Joined::Found found = joined.find(ids);
    for (std::size_t k = 0; k < joined.table->kept.size(); ++k) {
      const RowColumn& c = joined.layout.columns[k + 1];
      std::vector<std::int64_t> shape;
      if (c.count > 1) shape.push_back(c.count);
      table.add(joined.table->kept[k], std::move(found.values[k]), c.unit, shape);
    }
    return std::count_if(found.input.begin(), found.input.end(),
                         [](const fs::path* p) { return p != nullptr; });
  }

  std::int64_t duplicates = 0;

 private:
  const char* record(std::size_t i) const { return records_.data() + i * layout_.bytes; }
  std::int64_t id(std::size_t i) const { return id_of(record(i)); }
  static const fs::path& input_of(const std::vector<Part>& parts, const std::vector<Slice>& slices,
                                  std::size_t row) {
    std::size_t i = 0;
    for (auto left = static_cast<std::int64_t>(row); left >= slices[i].rows; ++i) left -= slices[i].rows;
    return parts[slices[i].part].input;
  }
  template <typename T>
  void add(fits::Table& table, const RowColumn& c) const {
    const auto count = static_cast<std::size_t>(c.count);
    std::vector<T> values(order_.size() * count);
    for (std::size_t i = 0; i < order_.size(); ++i)
      std::memcpy(values.data() + i * count, record(order_[i].second) + c.offset, count * sizeof(T));
    std::vector<std::int64_t> shape;
    if (c.count > 1) shape.push_back(c.count);
    table.add(c.name, std::move(values), c.unit, shape);
  }

  const RowLayout& layout_;
  std::string records_;
  std::vector<std::pair<std::int64_t, std::size_t>> order_;  // source_id, place
};

}  // namespace brickline::refs
