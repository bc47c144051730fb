// Writes torch files as torch.save does, legacy and zip, and bare pickles: first the value, then the bytes of the
// storages that its tensors name. What was written is taken away piece by piece, so that no file has to fit in memory.
#pragma once

#include <string>
#include <vector>

#include "pickle/value.h"
#include "pickle/writer.h"
#include "torchfile/container.h"

namespace nb201 {

class TorchFileWriter {
 public:
  TorchFileWriter(ContainerKind kind, PickleWriter::Options options);
  TorchFileWriter(const TorchFileWriter&) = delete;
  TorchFileWriter& operator=(const TorchFileWriter&) = delete;

  // For the value. Throws Unwritable where it cannot be in such a file.
  PickleWriter& pickle() { return pickle_; }
  // A storage of so many elements, for tensors to be views of; its number. Its bytes follow behind the value.
  size_t addStorage(TensorType type, uint64_t count);
  size_t storages() const { return storages_.size(); }
  // What a tensor shows of its storage.
  struct View {
    size_t storage = 0;
    TensorType type = TensorType::Float32;
    uint64_t offset = 0;  // in elements
    std::vector<uint64_t> shape, stride;
    bool requiresGrad = false;
    bool parameter = false;
  };
  void tensor(const View& view);
  void storage(size_t number);

  // The value is complete. From here on the storages' bytes, each as a whole and in the order of their numbers.
  void endValue();
  void storageBytes(const uint8_t* bytes, size_t size);
  void finish();

  // What was written since the last time.
  std::vector<uint8_t> take();
  size_t ready() const { return out_.size(); }

 private:
  struct StoredType {
    TensorType type;
    uint64_t count;
  };
  struct Member {
    std::string name;
    uint64_t headerAt = 0, size = 0;
    uint32_t crc = 0;
    bool described = false;  // its size stands behind its data, as nobody knew it before
  };

  template <class T>
  void little(T value) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    out_.insert(out_.end(), bytes, bytes + sizeof value);
  }
  uint64_t at() const { return taken_ + out_.size(); }
  void openMember(const std::string& name, uint64_t size, uint32_t crc, bool described);
  void addMember(const std::string& name, const uint8_t* bytes, size_t size);
  void sum();
  void directory();
  void checkView(const View& view) const;

  ContainerKind kind_;
  std::vector<uint8_t> out_;
  uint64_t taken_ = 0;
  size_t summed_ = 0;  // of out_: what the checksum of the open member has seen
  PickleWriter pickle_;
  std::vector<StoredType> storages_;
  size_t written_ = 0;  // storages
  bool inValue_ = true;
  std::vector<Member> members_;
};

}  // namespace nb201
