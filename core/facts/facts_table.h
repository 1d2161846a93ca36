// The table of the facts: every key that a camera's facts may hold, in the order of the reference page, with
// its type, unit, default, who reads it, what it means and an example.
//
// From it are made the JSON Schema (`cameras schema`) and the reference page (sdk/FACTS.md). That the parser
// knows these keys and no others, takes each example and has each default is what tests/facts sees to.
//
// Types are words: "number", "number 0.01..30", "integer 0..8", "text", "bool", "a | b" (one of these words,
// quoted), "texts" (one or a list), "bits" (a number, or text such as "0x30"), "bit" (the name of a canonical
// mask bit), "box" ([x0, x1, y0, y1]), "list of T", "2 of T", "map of T" (free keys), "rules of T" (a T, or a
// list of {"when", "value"}, the first that holds), "object", and names of parts ("source", "condition", "operation",
// ...), which are rows "@NAME" with their keys "@NAME.key". Alternatives are joined by " or ".
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace brickline {

struct FactRow {
  std::string_view path;      // "detector.bands"; * stands for a free key
  std::string_view type;      // in the words above
  std::string_view unit;      // empty: none
  std::string_view standard;  // the default as JSON; "required", or empty where there is no value
  std::string_view reader;    // who reads it
  std::string_view words;     // what it means
  std::string_view example;   // JSON
  // Nobody reads it yet: it is for what is to come.
  bool reserved() const { return reader.starts_with("reserved"); }
};

std::span<const FactRow> fact_rows();

// A JSON Schema (draft 2020-12) of a camera's facts, and of a file NAME.camera.json: for editors and checkers.
std::string facts_schema();
// The reference page, in Markdown.
std::string facts_reference();

}  // namespace brickline
