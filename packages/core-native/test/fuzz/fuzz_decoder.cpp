// Any opcodes, with persistent ids and memo entries from elsewhere: as a whole pickle, and as a stretch of one.
#include "fuzz.h"
#include "pickle/decoder.h"

using namespace nb201;

namespace {

Value someStorage(Graph& graph, uint64_t count) {
  Storage* storage = graph.storage();
  storage->key = "0";
  storage->location = "cpu";
  storage->type = count % 3 ? TensorType::Float32 : TensorType::Untyped;
  storage->count = count;
  storage->viewOffset = count % 5;
  Value value;
  value.kind = Kind::Storage;
  value.storage = storage;
  return value;
}

Value far(Graph& graph, const ByteSource& bytes, uint64_t index, uint64_t at) {
  Value value;
  switch (index % 4) {
    case 0:
      value.kind = Kind::Int;
      value.integer = static_cast<int64_t>(index);
      return value;
    case 1:
      value.kind = Kind::Str;
      value.text = graph.ownText("numpy");
      return value;
    case 2:
      value.kind = Kind::Global;
      value.global = graph.global("numpy", "dtype");
      return value;
    default: bytes.fail(ErrorCode::BadMemo, at, "expected another index");
  }
}

template <class Run>
void decode(const SourcePtr& source, Run run) {
  test::attempt([&] {
    Graph graph;
    graph.hold(source);
    DecodeLimits limits;
    limits.depth = 50;
    Decoder decoder(graph, *source, limits);
    decoder.onPersistentId([&](const Value&, uint64_t at) { return someStorage(graph, at); });
    decoder.onFarMemo([&](uint64_t index, uint64_t at) { return far(graph, *source, index, at); });
    const Value value = run(decoder);
    test::mustKeepPromises(value);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const SourcePtr source = fromMemory("fuzz", test::copyOf(data, size));
  decode(source, [](Decoder& decoder) { return decoder.pickle(0); });
  // Without its STOP a pickle is a stretch that leaves one value.
  if (size) decode(source, [size](Decoder& decoder) { return decoder.stretch(0, size - 1); });
  return 0;
}
