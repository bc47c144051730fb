// One typed failure for everything that reads: what, in which file, at which byte.
#pragma once

#include <cstdint>
#include <exception>
#include <string>

namespace nb201 {

// Codes are part of the public API (`error.code` in JavaScript): never renamed, only added.
#define NB201_ERROR_CODES(X)                                           \
  X(Io, "IO")                        /* the system refused */          \
  X(NotAFile, "NOT_A_FILE")          /* directory, FIFO, device */     \
  X(NotRecognized, "NOT_RECOGNIZED") /* no format that is read here */ \
  X(UnsupportedContainer, "UNSUPPORTED_CONTAINER")                     \
  X(Truncated, "TRUNCATED") /* the file ends too early */              \
  X(Changed, "CHANGED")     /* the file changed while open */          \
  X(BadOpcode, "BAD_OPCODE")                                           \
  X(BadProtocol, "BAD_PROTOCOL")                                       \
  X(UnsupportedOpcode, "UNSUPPORTED_OPCODE")                           \
  X(BadLength, "BAD_LENGTH") /* longer than what is left */            \
  X(BadFrame, "BAD_FRAME")                                             \
  X(BadText, "BAD_TEXT") /* digits, quotes, encoding */                \
  X(StackUnderflow, "STACK_UNDERFLOW")                                 \
  X(MissingMark, "MISSING_MARK")                                       \
  X(BadStop, "BAD_STOP")       /* not one value at the end */          \
  X(BadMemo, "BAD_MEMO")       /* a memo entry never put */            \
  X(BadOperand, "BAD_OPERAND") /* right opcode, wrong value */         \
  X(BadCall, "BAD_CALL")       /* known callable, wrong args */        \
  X(UnhashableKey, "UNHASHABLE_KEY")                                   \
  X(TooDeep, "TOO_DEEP")                                               \
  X(Limit, "LIMIT")                /* a limit of the caller's */       \
  X(BadContainer, "BAD_CONTAINER") /* zip, legacy, bzip2 structure */  \
  X(BadChecksum, "BAD_CHECKSUM")                                       \
  X(BadTensor, "BAD_TENSOR")                                           \
  X(UnsupportedTensor, "UNSUPPORTED_TENSOR")                           \
  X(FullModel, "FULL_MODEL") /* a pickled torch module */              \
  X(NotABenchmark, "NOT_A_BENCHMARK")                                  \
  X(BadRecord, "BAD_RECORD") /* readable, but not a record */          \
  X(Aborted, "ABORTED")                                                \
  X(Disposed, "DISPOSED")

enum class ErrorCode {
#define X(id, text) id,
  NB201_ERROR_CODES(X)
#undef X
};

const char* codeName(ErrorCode code);

class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string file, uint64_t offset, const std::string& detail);

  const char* what() const noexcept override { return message_.c_str(); }
  ErrorCode code() const { return code_; }
  const std::string& file() const { return file_; }
  uint64_t offset() const { return offset_; }

 private:
  ErrorCode code_;
  std::string file_;
  uint64_t offset_;
  std::string message_;
};

}  // namespace nb201
