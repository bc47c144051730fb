#include "networks/recorded_pass.h"

#include <torch/version.h>

#include "networks/error.h"
#if __has_include(<ATen/accelerator/Graph.h>)
#define NB201_GRAPHS
#include <ATen/accelerator/Graph.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#endif

namespace nb201::networks {

#ifdef NB201_GRAPHS

struct RecordedPass::Graph {
  at::accelerator::Graph recording;
};

namespace {

// Work goes to a stream of its own as long as it lives: none can be recorded on the default one.
class OwnStream {
 public:
  explicit OwnStream(const c10::Device& device)
      : guard_(device.type()),
        default_(guard_.getStream(device)),
        own_(guard_.getStreamFromGlobalPool(device, /*isHighPriority=*/false)) {
    guard_.synchronizeStream(default_);
    guard_.exchangeStream(own_);
  }
  ~OwnStream() { guard_.exchangeStream(default_); }
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;
  void synchronize() const { guard_.synchronizeStream(own_); }

 private:
  c10::impl::VirtualGuardImpl guard_;
  c10::Stream default_, own_;
};

// As many as torch advises: libraries choose their algorithms and allocate in the first ones.
constexpr int kWarmUps = 3;

}  // namespace

RecordedPass::RecordedPass(const at::Tensor& images, const Pass& pass) : images_(images.clone()) {
  if (!images.is_cuda())
    throw NetworkError("UNSUPPORTED", "expected a network on a GPU, which alone can record its work as a graph");
  const OwnStream stream(images.device());
  for (int i = 0; i < kWarmUps; ++i) pass(images_);
  stream.synchronize();
  graph_ = std::make_unique<Graph>();
  graph_->recording.capture_begin();
  output_ = pass(images_);
  graph_->recording.capture_end();
  stream.synchronize();
}

Output RecordedPass::operator()(const at::Tensor& images) {
  images_.copy_(images);
  graph_->recording.replay();
  return {output_.features.clone(), output_.logits.clone()};
}

#else

struct RecordedPass::Graph {};

RecordedPass::RecordedPass(const at::Tensor&, const Pass&) {
  throw NetworkError("UNSUPPORTED", "CUDA graphs need libtorch 2.12.1 or newer, and this one is " TORCH_VERSION);
}

Output RecordedPass::operator()(const at::Tensor&) { return output_; }

#endif

RecordedPass::~RecordedPass() = default;

bool RecordedPass::fits(const at::Tensor& images) const {
  return images.sizes() == images_.sizes() && images.scalar_type() == images_.scalar_type();
}

}  // namespace nb201::networks
