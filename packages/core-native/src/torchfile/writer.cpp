#include "torchfile/writer.h"

#include <zlib.h>

#include <algorithm>

#include "pickle/known.h"

namespace nb201 {

namespace {

constexpr uint32_t kLocal = 0x04034b50, kDescriptor = 0x08074b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50, kLocator64 = 0x07064b50, kFull = 0xFFFFFFFF;
constexpr uint16_t kVersion64 = 45, kDescribed = 0x8, kZip64Field = 1, kPaddingField = 0x4246;
constexpr uint64_t kAlignment = 64;  // of the data in the file, as torch aligns it
constexpr char kTop[] = "archive/";

uint32_t crcOf(uint32_t crc, const uint8_t* bytes, size_t size) {
  while (size) {
    const auto count = static_cast<unsigned>(std::min<size_t>(size, 1u << 30));
    crc = static_cast<uint32_t>(crc32(crc, bytes, count));
    bytes += count;
    size -= count;
  }
  return crc;
}

void sizes(PickleWriter& to, const std::vector<uint64_t>& from) {
  to.open(Holding::Tuple, from.size());
  for (const uint64_t size : from) to.integer(static_cast<int64_t>(size));
  to.close();
}

// Three small pickles: the magic number, the protocol's version, the system that wrote the file.
void legacyHead(std::vector<uint8_t>& out) {
  PickleWriter magic(out);
  magic.begin();
  magic.bigInteger("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");
  magic.end();
  PickleWriter protocol(out);
  protocol.begin();
  protocol.integer(1001);
  protocol.end();
  PickleWriter system(out);
  system.begin();
  system.open(Holding::Dict);
  system.text("protocol_version");
  system.integer(1001);
  system.text("little_endian");
  system.boolean(true);
  system.text("type_sizes");
  system.open(Holding::Dict);
  for (const auto& [name, size] : {std::pair<const char*, int>{"short", 2}, {"int", 4}, {"long", 4}}) {
    system.text(name);
    system.integer(size);
  }
  system.close();
  system.close();
  system.end();
}

}  // namespace

TorchFileWriter::TorchFileWriter(ContainerKind kind, PickleWriter::Options options)
    : kind_(kind), pickle_(out_, options) {
  if (kind_ == ContainerKind::Legacy) legacyHead(out_);
  if (kind_ == ContainerKind::Zip) openMember("data.pkl", 0, 0, true);
  pickle_.begin();
}

size_t TorchFileWriter::addStorage(TensorType type, uint64_t count) {
  if (kind_ == ContainerKind::Pickle)
    throw Unwritable("a tensor in a bare pickle, which has no place for its elements");
  if (count > uint64_t{1} << 48) throw Unwritable("a storage of more than 2^48 elements");
  if (torchStorageName(type).empty() && kind_ == ContainerKind::Legacy) {
    throw Unwritable(std::string("a tensor of ") + typeName(type) +
                     " in torch's legacy container, which has no type for it");
  }
  storages_.push_back({type, count});
  return storages_.size() - 1;
}

void TorchFileWriter::checkView(const View& view) const {
  const StoredType& storage = storages_.at(view.storage);
  if (view.type != storage.type) {
    throw Unwritable(std::string("a tensor of ") + typeName(view.type) + " in a storage of " + typeName(storage.type));
  }
  if (view.shape.size() != view.stride.size()) throw Unwritable("a tensor with another number of strides than sizes");
  constexpr uint64_t most = uint64_t{1} << 48;
  uint64_t last = view.offset;
  for (size_t i = 0; i < view.shape.size(); ++i) {
    if (view.shape[i] == 0) return;  // it has no element
    const uint64_t steps = view.shape[i] - 1;
    if (steps && view.stride[i] > most / steps) throw Unwritable("a tensor that reaches beyond its storage");
    last += std::min(steps * view.stride[i], most);
  }
  if (last >= storage.count) throw Unwritable("a tensor that reaches beyond its storage");
}

void TorchFileWriter::storage(size_t number) {
  const StoredType& storage = storages_.at(number);
  const bool typed = !torchStorageName(storage.type).empty();
  PickleWriter& p = pickle_;
  p.make();
  p.open(Holding::Tuple, kind_ == ContainerKind::Legacy ? 6 : 5);
  p.text("storage");
  if (typed) p.global("torch", std::string(torchStorageName(storage.type)));
  else p.global("torch.storage", "UntypedStorage");
  p.text(std::to_string(number));
  p.text("cpu");
  p.integer(static_cast<int64_t>(typed ? storage.count : storage.count * elementSize(storage.type)));
  if (kind_ == ContainerKind::Legacy) p.none();  // it is no view of another storage
  p.close();
  p.persistentId();
  p.made();
}

void TorchFileWriter::tensor(const View& view) {
  checkView(view);
  // The types without a storage of their own are told beside a storage of bytes.
  const bool typed = !torchStorageName(view.type).empty();
  PickleWriter& p = pickle_;
  p.make();
  if (view.parameter) {
    p.global("torch._utils", "_rebuild_parameter");
    p.open(Holding::Tuple, 3);
    p.make();
  }
  p.global("torch._utils", typed ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
  p.open(Holding::Tuple, typed ? 6 : 7);
  storage(view.storage);
  p.integer(static_cast<int64_t>(view.offset));
  sizes(p, view.shape);
  sizes(p, view.stride);
  p.boolean(view.requiresGrad && !view.parameter);
  p.open(Holding::OrderedDict);  // backward hooks
  p.close();
  if (!typed) p.global("torch", typeName(view.type));
  p.close();
  p.reduce();
  if (view.parameter) {
    p.made();
    p.boolean(view.requiresGrad);
    p.open(Holding::OrderedDict);
    p.close();
    p.close();
    p.reduce();
  }
  p.made();
}

void TorchFileWriter::endValue() {
  pickle_.end();
  inValue_ = false;
  if (kind_ == ContainerKind::Legacy) {
    PickleWriter keys(out_);
    keys.begin();
    keys.open(Holding::List);
    for (size_t i = 0; i < storages_.size(); ++i) keys.text(std::to_string(i));
    keys.close();
    keys.end();
  }
  if (kind_ == ContainerKind::Zip) {
    sum();
    const Member& value = members_.back();
    little(kDescriptor);
    little(value.crc);
    little(value.size);
    little(value.size);
    const std::string order = "little";
    addMember("byteorder", reinterpret_cast<const uint8_t*>(order.data()), order.size());
  }
}

void TorchFileWriter::storageBytes(const uint8_t* bytes, size_t size) {
  const StoredType& storage = storages_.at(written_);
  if (size != storage.count * elementSize(storage.type)) throw Unwritable("a storage with another size than it had");
  if (kind_ == ContainerKind::Zip) {
    addMember("data/" + std::to_string(written_), bytes, size);
  } else {
    little(static_cast<int64_t>(storage.count));
    out_.insert(out_.end(), bytes, bytes + size);
  }
  ++written_;
}

void TorchFileWriter::finish() {
  if (kind_ != ContainerKind::Zip) return;
  const std::string version = "3\n";
  addMember("version", reinterpret_cast<const uint8_t*>(version.data()), version.size());
  directory();
}

std::vector<uint8_t> TorchFileWriter::take() {
  if (kind_ == ContainerKind::Zip && inValue_) sum();
  taken_ += out_.size();
  summed_ = 0;
  std::vector<uint8_t> taken;
  taken.swap(out_);
  return taken;
}

// Counts what was added to the member whose size nobody knows yet.
void TorchFileWriter::sum() {
  Member& member = members_.back();
  member.crc = crcOf(member.crc, out_.data() + summed_, out_.size() - summed_);
  member.size += out_.size() - summed_;
  summed_ = out_.size();
}

void TorchFileWriter::openMember(const std::string& name, uint64_t size, uint32_t crc, bool described) {
  Member member{kTop + name, at(), size, crc, described};
  const bool large = described || size >= kFull;
  const size_t field = large ? 20 : 0;
  const uint64_t bare = member.headerAt + 30 + member.name.size() + field + 4;  // with a padding field of no bytes
  const uint64_t padding = (kAlignment - bare % kAlignment) % kAlignment;
  little(kLocal);
  little(kVersion64);
  little(static_cast<uint16_t>(described ? kDescribed : 0));
  little(uint16_t{0});             // stored
  little(uint16_t{0});             // time
  little(uint16_t{(1 << 5) + 1});  // 1 January 1980
  little(crc);
  little(large ? kFull : static_cast<uint32_t>(size));
  little(large ? kFull : static_cast<uint32_t>(size));
  little(static_cast<uint16_t>(member.name.size()));
  little(static_cast<uint16_t>(field + 4 + padding));
  out_.insert(out_.end(), member.name.begin(), member.name.end());
  if (large) {
    little(kZip64Field);
    little(uint16_t{16});
    little(size);
    little(size);
  }
  little(kPaddingField);
  little(static_cast<uint16_t>(padding));
  out_.insert(out_.end(), static_cast<size_t>(padding), 0);
  summed_ = out_.size();
  members_.push_back(std::move(member));
}

void TorchFileWriter::addMember(const std::string& name, const uint8_t* bytes, size_t size) {
  openMember(name, size, crcOf(0, bytes, size), false);
  out_.insert(out_.end(), bytes, bytes + size);
}

void TorchFileWriter::directory() {
  const uint64_t begin = at();
  for (const Member& member : members_) {
    const bool large = member.size >= kFull || member.headerAt >= kFull;
    little(kCentral);
    little(kVersion64);
    little(kVersion64);
    little(static_cast<uint16_t>(member.described ? kDescribed : 0));
    little(uint16_t{0});
    little(uint16_t{0});
    little(uint16_t{(1 << 5) + 1});
    little(member.crc);
    little(large ? kFull : static_cast<uint32_t>(member.size));
    little(large ? kFull : static_cast<uint32_t>(member.size));
    little(static_cast<uint16_t>(member.name.size()));
    little(static_cast<uint16_t>(large ? 28 : 0));
    little(uint16_t{0});  // comment
    little(uint16_t{0});  // disk
    little(uint16_t{0});  // internal attributes
    little(uint32_t{0});  // external attributes
    little(large ? kFull : static_cast<uint32_t>(member.headerAt));
    out_.insert(out_.end(), member.name.begin(), member.name.end());
    if (large) {
      little(kZip64Field);
      little(uint16_t{24});
      little(member.size);
      little(member.size);
      little(member.headerAt);
    }
  }
  const uint64_t end = at(), size = end - begin, count = members_.size();
  const bool large = count >= 0xFFFF || begin >= kFull || size >= kFull;
  if (large) {
    little(kEnd64);
    little(uint64_t{44});
    little(kVersion64);
    little(kVersion64);
    little(uint32_t{0});
    little(uint32_t{0});
    little(count);
    little(count);
    little(size);
    little(begin);
    little(kLocator64);
    little(uint32_t{0});
    little(end);
    little(uint32_t{1});
  }
  little(kEnd);
  little(uint16_t{0});
  little(uint16_t{0});
  little(large ? uint16_t{0xFFFF} : static_cast<uint16_t>(count));
  little(large ? uint16_t{0xFFFF} : static_cast<uint16_t>(count));
  little(large ? kFull : static_cast<uint32_t>(size));
  little(large ? kFull : static_cast<uint32_t>(begin));
  little(uint16_t{0});
}

}  // namespace nb201
