#include "torchfile/sidecar_format.h"

#include <cstring>

namespace nb201 {

namespace {

constexpr uint32_t kByteOrder = 0x01020304;

uint64_t checksumOf(const SidecarHeader& header) {
  return checksum(reinterpret_cast<const uint8_t*>(&header), sizeof header - sizeof header.headerChecksum);
}

// As a section begins in the file.
struct SectionHead {
  uint64_t bytes, checksum;
};

}  // namespace

SidecarWriter::SidecarWriter(const char* magic, uint32_t version, const FileStamp& stamp)
    : header_{{}, version, kByteOrder, stamp, 0, 0} {
  std::memcpy(header_.magic, magic, sizeof header_.magic);
  bytes_.resize(sizeof header_);
}

void SidecarWriter::add(const void* from, size_t size, uint64_t sum) {
  const uint8_t* p = static_cast<const uint8_t*>(from);
  const SectionHead section{size, sum};
  const uint8_t* s = reinterpret_cast<const uint8_t*>(&section);
  bytes_.insert(bytes_.end(), s, s + sizeof section);
  bytes_.insert(bytes_.end(), p, p + size);
  bytes_.resize((bytes_.size() + 7) / 8 * 8);
  ++header_.sections;
}

void SidecarWriter::add(const std::vector<std::string>& texts) {
  std::vector<uint32_t> sizes;
  std::string all;
  for (const std::string& text : texts) {
    sizes.push_back(static_cast<uint32_t>(text.size()));
    all += text;
  }
  add(sizes);
  add(all.data(), all.size());
}

std::vector<uint8_t> SidecarWriter::finish() {
  header_.headerChecksum = checksumOf(header_);
  std::memcpy(bytes_.data(), &header_, sizeof header_);
  return std::move(bytes_);
}

SidecarReader::SidecarReader(SourcePtr source, const char* magic, uint32_t version, const FileStamp& stamp,
                             Checksums checksums)
    : source_(std::move(source)), verify_(checksums == Checksums::Verify) {
  SidecarHeader header;
  believe(source_->size() >= sizeof header);
  source_->read(0, &header, sizeof header);
  at_ = sizeof header;
  believe(std::memcmp(header.magic, magic, sizeof header.magic) == 0 && header.version == version &&
          header.byteOrder == kByteOrder);
  believe(!verify_ || (header.headerChecksum == checksumOf(header) && header.stamp == stamp));
  left_ = header.sections;
}

void SidecarReader::take(std::vector<std::string>& texts) {
  std::vector<uint32_t> sizes;
  std::vector<char> all;
  take(sizes);
  take(all);
  size_t at = 0;
  texts.clear();
  for (const uint32_t size : sizes) {
    believe(size <= all.size() - at);
    texts.emplace_back(all.data() + at, size);
    at += size;
  }
  believe(at == all.size());
}

// Behind the section and the zeros that fill it up to eight bytes.
SidecarReader::Section SidecarReader::skip() {
  SectionHead head;
  believe(left_-- > 0 && source_->size() - at_ >= sizeof head);
  source_->read(at_, &head, sizeof head);
  at_ += sizeof head;
  believe(head.bytes <= source_->size() - at_);
  const Section section{head.bytes, head.checksum, at_};
  at_ += head.bytes;
  const size_t padding = static_cast<size_t>((8 - at_ % 8) % 8);
  uint64_t zeros = 0;
  believe(padding <= source_->size() - at_);
  if (padding) source_->read(at_, &zeros, padding);
  believe(zeros == 0);
  at_ += padding;
  return section;
}

void SidecarReader::read(const Section& section, void* to) const {
  if (section.bytes) source_->read(section.at, to, static_cast<size_t>(section.bytes));
  believe(!verify_ ||
          checksum(static_cast<const uint8_t*>(to), static_cast<size_t>(section.bytes)) == section.checksum);
}

}  // namespace nb201
