#pragma once
#include "node/napi.h"
namespace nb201::node {
class Addon;
struct BenchmarkFile { static void define(Napi::Env, Addon&, Napi::Object) {} };
}
