#include "benchmark/number.h"

#include "pickle/known.h"

namespace nb201 {

std::optional<Number> numberOf(const Value& value) {
  switch (value.kind) {
    case Kind::Bool: return Number{value.boolean ? 1.0 : 0.0, false};
    case Kind::Int: return Number{static_cast<double>(value.integer), false};
    case Kind::Float: return Number{value.number, value.single};
    case Kind::NdArray: {
      Graph graph;
      Value element;
      return arrayElement(graph, *value.ndarray, element) ? numberOf(element) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

}  // namespace nb201
