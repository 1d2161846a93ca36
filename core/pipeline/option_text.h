// Options as words: how a value of each type that an option can have is written on a command line and read
// back. Writing a value and reading it again gives the same value.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"

namespace brickline {

using Words = std::vector<std::string>;

// The number that the whole of `word` says, in any locale. Error (kUsage) naming `option` otherwise.
double number_option(std::string_view option, const std::string& word);
std::int64_t integer_option(std::string_view option, const std::string& word, std::int64_t least,
                            std::int64_t most);

// kWords: how many words one occurrence of the option takes. `occurrences` of a value are the words of each
// time that the option must be given to say it; `read` takes the words of one more occurrence.
template <class T>
struct OptionText;

template <>
struct OptionText<bool> {  // a flag: it is given or not
  static constexpr int kWords = 0;
  static constexpr bool kRepeatable = false;
};

template <>
struct OptionText<double> {
  static constexpr int kWords = 1;
  static constexpr bool kRepeatable = false;
  static std::vector<Words> occurrences(double value) { return {{fmt::format("{}", value)}}; }
  static void read(std::string_view option, std::span<const std::string> words, double& value) {
    value = number_option(option, words[0]);
  }
};

template <class Integer>
requires std::is_same_v<Integer, int> || std::is_same_v<Integer, std::int64_t>
struct OptionText<Integer> {
  static constexpr int kWords = 1;
  static constexpr bool kRepeatable = false;
  static std::vector<Words> occurrences(Integer value) { return {{fmt::format("{}", value)}}; }
  static void read(std::string_view option, std::span<const std::string> words, Integer& value) {
    value = static_cast<Integer>(integer_option(option, words[0], std::numeric_limits<Integer>::min(),
                                                std::numeric_limits<Integer>::max()));
  }
};

template <>
struct OptionText<std::string> {
  static constexpr int kWords = 1;
  static constexpr bool kRepeatable = false;
  static std::vector<Words> occurrences(const std::string& value) { return {{value}}; }
  static void read(std::string_view, std::span<const std::string> words, std::string& value) {
    value = words[0];
  }
};

template <>
struct OptionText<std::filesystem::path> {
  static constexpr int kWords = 1;
  static constexpr bool kRepeatable = false;
  static std::vector<Words> occurrences(const std::filesystem::path& value) { return {{value.string()}}; }
  static void read(std::string_view, std::span<const std::string> words, std::filesystem::path& value) {
    value = words[0];
  }
};

template <class T, std::size_t N>
struct OptionText<std::array<T, N>> {
  static constexpr int kWords = static_cast<int>(N);
  static constexpr bool kRepeatable = false;
  static std::vector<Words> occurrences(const std::array<T, N>& value) {
    Words words;
    for (const T& one : value) words.push_back(fmt::format("{}", one));
    return {words};
  }
  static void read(std::string_view option, std::span<const std::string> words, std::array<T, N>& value) {
    for (std::size_t i = 0; i < N; ++i) OptionText<T>::read(option, words.subspan(i, 1), value[i]);
  }
};

template <class T>
struct OptionText<std::optional<T>> {
  static constexpr int kWords = OptionText<T>::kWords;
  static constexpr bool kRepeatable = false;
  static std::vector<Words> occurrences(const std::optional<T>& value) {
    if (!value) return {};
    return OptionText<T>::occurrences(*value);
  }
  static void read(std::string_view option, std::span<const std::string> words, std::optional<T>& value) {
    OptionText<T>::read(option, words, value.emplace());
  }
};

// Given once for each element.
template <class T>
struct OptionText<std::vector<T>> {
  static constexpr int kWords = OptionText<T>::kWords;
  static constexpr bool kRepeatable = true;
  static std::vector<Words> occurrences(const std::vector<T>& values) {
    std::vector<Words> all;
    for (const T& value : values) all.push_back(OptionText<T>::occurrences(value).front());
    return all;
  }
  static void read(std::string_view option, std::span<const std::string> words, std::vector<T>& values) {
    OptionText<T>::read(option, words, values.emplace_back());
  }
};

// A list that is given as one word, its elements between commas: --bands g,r,z.
struct CommaList {
  static constexpr int kWords = 1;
  static constexpr bool kRepeatable = false;
  // The elements; Error (kUsage) if one is empty.
  static std::vector<std::string> elements(std::string_view option, std::string_view text);
  template <class T>
  static std::vector<Words> occurrences(const std::vector<T>& values) {
    if (values.empty()) return {};
    return {{fmt::format("{}", fmt::join(values, ","))}};
  }
  template <class T>
  static void read(std::string_view option, std::span<const std::string> words, std::vector<T>& values) {
    values.clear();
    for (const std::string& element : elements(option, words[0]))
      OptionText<T>::read(option, std::span(&element, 1), values.emplace_back());
  }
};

}  // namespace brickline
