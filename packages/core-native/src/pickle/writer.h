// Writes pickles of protocol 2, which every Python 3 and torch's weights_only reader take: one call a value, so that
// what is too large to hold is written part by part.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace nb201 {

// A value that has no place in the file that is written.
class Unwritable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Holding : uint8_t { List, Tuple, Dict, OrderedDict, Set, FrozenSet };

// One curve of a dict of numbers: of the training set (keys are epochs) or of an evaluation set ('set@epoch').
struct CurveToWrite {
  std::string set;                 // empty for training
  const double* values = nullptr;  // [epochs]
  size_t epochs = 0;
  const uint8_t* presence =
      nullptr;  // [epochs]: 0 missing, 1 there, 2 there as a 32-bit float; null where all are there
};

class PickleWriter {
 public:
  struct Options {
    bool numpyFloat32 = false;  // 32-bit floats as NumPy scalars, not as Python floats of the same value
  };
  // Appends to `out`, which whoever owns it may empty between two calls.
  explicit PickleWriter(std::vector<uint8_t>& out) : PickleWriter(out, Options()) {}
  PickleWriter(std::vector<uint8_t>& out, Options options) : out_(out), options_(options) {}

  void begin();  // PROTO
  void end();    // STOP

  void none();
  void boolean(bool value);
  void integer(int64_t value);
  void bigInteger(std::string_view twosComplement);  // little-endian, at least one byte
  void number(double value);
  void float32(float value);
  void complex(double real, double imaginary);
  void text(std::string_view utf8);  // surrogates may stand alone
  void bytes(std::string_view bytes);
  // A NumPy array of numbers: 'f8', 'i4', 'b1', 'c16'; `bytes` in the byte order that is given.
  void array(std::string_view dtype, bool bigEndian, const std::vector<uint64_t>& shape, bool fortran,
             std::string_view bytes);
  void dtype(std::string_view dtype, bool bigEndian);
  void curves(const std::vector<CurveToWrite>& curves);
  void global(const std::string& module, const std::string& name);

  // Containers: what is written until close() is in them; a dict's keys and values take turns. `count` is a tuple's
  // size.
  void open(Holding kind, size_t count = 0);
  void close();
  // In place of close() for a tuple that was written while it was open, as it contains itself by way of a list.
  void closeAgain(uint32_t entry);
  // For an OrderedDict, before its close(): the one value that follows, a dict, has its attributes.
  void attributes();

  // A value that is made of others: what is written until made() are their operands, told by the opcodes between them.
  void make();
  void reduce();        // calls the global before last with the last, a tuple
  void instance();      // a new one of the class before, made of nothing
  void build();         // gives the last to the one before as its state
  void persistentId();  // what the last, a tuple, stands for
  void made();

  // Memo entries: of the container that was opened or closed last, or of the value that remember() was called behind.
  static constexpr uint32_t kNoEntry = UINT32_MAX;  // a tuple or set that is still open
  uint32_t entry() const { return entry_; }
  void remember();
  void again(uint32_t entry);

  // What follows shares no long texts with what came before: keeps the memory bounded.
  void forget() { nearby_.clear(); }

 private:
  enum class Within : uint8_t { List, Dict, Tuple, OrderedDict, Set, FrozenSet, Attributes, Parts };
  struct Frame {
    Within kind;
    size_t count;  // items so far, of a dict keys and values each; of a tuple those that it will have
    uint32_t entry;
  };

  void byte(uint8_t value) { out_.push_back(value); }
  void raw(const void* from, size_t count);
  template <class T>
  void little(T value) {
    raw(&value, sizeof value);  // every target is little-endian
  }
  static size_t batchOf(Within kind);
  void item();
  void endBatch(const Frame& frame);
  uint32_t put();
  void get(uint32_t entry);
  void bareText(std::string_view utf8);

  std::vector<uint8_t>& out_;
  Options options_;
  std::vector<Frame> frames_;
  uint64_t entries_ = 0;  // of the memo
  uint32_t entry_ = kNoEntry;
  std::unordered_map<std::string, uint32_t> everywhere_;  // short texts: names recur through the whole file
  std::unordered_map<std::string, uint32_t> nearby_;      // other texts, since forget()
  std::unordered_map<std::string, uint32_t> globals_;
  std::unordered_map<std::string, uint32_t> dtypes_;
};

}  // namespace nb201
