#pragma once

#include "node/napi.h"

namespace nb201::node {

// jsonText(literals, literalEnds, prefixes, values, first, presence?): a promise of the text's bytes. See JsonText.
Napi::Value jsonText(const Napi::CallbackInfo& info);

}  // namespace nb201::node
