#include "torchfile/writer.h"

#include <gtest/gtest.h>

#include "support.h"

namespace nb201::test {
namespace {

Bytes pickled(const std::function<void(PickleWriter&)>& write, PickleWriter::Options options = {}) {
  Bytes out;
  PickleWriter writer(out, options);
  writer.begin();
  write(writer);
  writer.end();
  return out;
}

// What the decoder makes of what was written.
std::string readBack(const std::function<void(PickleWriter&)>& write) { return decode(pickled(write)); }

TEST(PickleWriter, WritesIntegersAsShortAsTheyGo) {
  const auto size = [](int64_t value) { return pickled([&](PickleWriter& w) { w.integer(value); }).size() - 3; };
  EXPECT_EQ(size(0), 2u);
  EXPECT_EQ(size(255), 2u);
  EXPECT_EQ(size(256), 3u);
  EXPECT_EQ(size(65536), 5u);
  EXPECT_EQ(size(-1), 5u);
  EXPECT_EQ(size(int64_t{1} << 31), 7u);  // LONG1, a length, 5 bytes
  for (const int64_t value :
       {int64_t{0}, int64_t{-1}, int64_t{255}, int64_t{65535}, int64_t{1} << 31, INT64_MIN, INT64_MAX}) {
    EXPECT_EQ(readBack([&](PickleWriter& w) { w.integer(value); }), std::to_string(value));
  }
}

TEST(PickleWriter, SplitsLongContainersIntoBatches) {
  for (const size_t count : {0u, 1u, 999u, 1000u, 1001u, 2000u, 2001u}) {
    std::string expected = "[";
    for (size_t i = 0; i < count; ++i) expected += (i ? ", " : "") + std::to_string(i);
    EXPECT_EQ(readBack([&](PickleWriter& w) {
                w.open(Holding::List);
                for (size_t i = 0; i < count; ++i) w.integer(static_cast<int64_t>(i));
                w.close();
              }),
              expected + "]");
    const Bytes dict = pickled([&](PickleWriter& w) {
      w.open(Holding::OrderedDict);
      for (size_t i = 0; i < count; ++i) w.integer(static_cast<int64_t>(i)), w.bytes("x");
      w.close();
    });
    const SourcePtr source = fromMemory("dict", dict);
    Graph graph;
    EXPECT_EQ(Decoder(graph, *source).pickle(0).sequence->items.size(), 2 * count);
  }
}

TEST(PickleWriter, WritesATextOnceWhereItIsShared) {
  const std::string name(30, 'n'), longer(100, 'x'), longest(300, 'y');
  const auto all = [&](PickleWriter& w) {
    w.text(name);
    w.text(longer);
    w.text(longest);
  };
  const size_t once = pickled(all).size();
  const size_t twice = pickled([&](PickleWriter& w) { all(w), all(w); }).size();
  const size_t apart = pickled([&](PickleWriter& w) { all(w), w.forget(), all(w); }).size();
  EXPECT_LT(twice - once, 320u);
  EXPECT_GT(twice - once, 300u);
  EXPECT_GT(apart, twice + 90);  // names are remembered through the whole file
}

TEST(PickleWriter, WritesReferencesToWhatIsOpenOrClosed) {
  EXPECT_EQ(readBack([](PickleWriter& w) {
              w.open(Holding::List);
              w.again(w.entry());
              w.close();
            }),
            readBack([](PickleWriter& w) {
              w.open(Holding::List);
              const uint32_t list = w.entry();
              w.again(list);
              w.close();
            }));
  const std::string shared = readBack([](PickleWriter& w) {
    w.open(Holding::Tuple, 2);
    w.open(Holding::List);
    w.close();
    w.again(w.entry());
    w.close();
  });
  EXPECT_NE(shared.find("<again"), std::string::npos);
}

TEST(PickleWriter, WritesCurvesAsTheDictsThatPythonWouldWrite) {
  const double values[] = {1.5, 2.5, 3.5};
  const uint8_t presence[] = {1, 0, 2};
  EXPECT_EQ(readBack([&](PickleWriter& w) {
              w.curves({{"", values, 3, nullptr}});
            }),
            decode("80 02 7d 28 4b 00 47 3ff8000000000000 4b 01 47 4004000000000000 4b 02 47 400c000000000000 75 2e"));
  EXPECT_EQ(readBack([&](PickleWriter& w) {
              w.curves({{"x", values, 3, presence}, {"y", values, 1, nullptr}});
            }),
            decode("80 02 7d 28 58 03000000 'x@0' 47 3ff8000000000000 58 03000000 'x@2' 47 400c000000000000"
                   "58 03000000 'y@0' 47 3ff8000000000000 75 2e"));
}

Bytes fileOf(ContainerKind kind, const std::function<void(TorchFileWriter&)>& value, const std::vector<Bytes>& storages,
             size_t piece = SIZE_MAX) {
  TorchFileWriter writer(kind, {});
  Bytes out;
  const auto hand = [&] {
    if (writer.ready() < piece && piece != SIZE_MAX) return;
    const Bytes taken = writer.take();
    out.insert(out.end(), taken.begin(), taken.end());
  };
  value(writer);
  hand();
  writer.endValue();
  for (const Bytes& bytes : storages) {
    hand();
    writer.storageBytes(bytes.data(), bytes.size());
  }
  writer.finish();
  const Bytes rest = writer.take();
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

void twoViews(TorchFileWriter& writer) {
  const size_t storage = writer.addStorage(TensorType::Int16, 4);
  writer.pickle().open(Holding::List);
  writer.tensor({storage, TensorType::Int16, 0, {2, 2}, {1, 2}, false, false});
  writer.tensor({storage, TensorType::Int16, 3, {}, {}, true, true});
  writer.pickle().close();
}

TEST(TorchFileWriter, WritesWhatTheReaderReads) {
  const Bytes numbers = bytesOf("0100 0200 0300 0400");
  const Bytes legacy = fileOf(ContainerKind::Legacy, twoViews, {numbers});
  const Bytes zip = fileOf(ContainerKind::Zip, twoViews, {numbers});
  const std::string read = contents(fromMemory("legacy", legacy));
  EXPECT_NE(read.find("int16"), std::string::npos);
  EXPECT_EQ(outcome([&] { return contents(fromMemory("legacy", legacy)); }).find("BAD"), std::string::npos);
  EXPECT_NE(contents(fromMemory("zip", zip)).find("int16"), std::string::npos);
  EXPECT_EQ(fileOf(ContainerKind::Zip, twoViews, {numbers}, 1), zip);  // however it is taken away
  EXPECT_EQ(fileOf(ContainerKind::Legacy, twoViews, {numbers}, 1), legacy);
}

TEST(TorchFileWriter, RefusesWhatWouldBeNoFile) {
  TorchFileWriter writer(ContainerKind::Zip, {});
  const size_t storage = writer.addStorage(TensorType::Float32, 4);
  EXPECT_THROW(writer.tensor({storage, TensorType::Float32, 0, {5}, {1}, false, false}), Unwritable);
  EXPECT_THROW(writer.tensor({storage, TensorType::Float32, 0, {2}, {uint64_t{1} << 62}, false, false}), Unwritable);
  EXPECT_THROW(writer.tensor({storage, TensorType::Float32, 0, {2, 2}, {1}, false, false}), Unwritable);
  EXPECT_THROW(writer.tensor({storage, TensorType::Int32, 0, {2}, {1}, false, false}), Unwritable);
  EXPECT_NO_THROW(writer.tensor({storage, TensorType::Float32, 4, {0}, {1}, false, false}));
  writer.endValue();
  EXPECT_THROW(writer.storageBytes(nullptr, 0), Unwritable);
  EXPECT_THROW(TorchFileWriter(ContainerKind::Pickle, {}).addStorage(TensorType::Float32, 1), Unwritable);
  EXPECT_THROW(TorchFileWriter(ContainerKind::Legacy, {}).addStorage(TensorType::UInt64, 1), Unwritable);
}

}  // namespace
}  // namespace nb201::test
