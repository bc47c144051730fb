#include "training/trainer.h"

#include <ATen/Context.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <functional>

#include "networks/error.h"
#include "networks/no_tracking.h"
#include "networks/out_of_memory.h"

namespace nb201::training {

namespace {

using networks::NetworkError;

// Per cent as the reference rounds it: a float32 times the float32 100 / n.
double percent(int64_t correct, int64_t count) {
  return static_cast<float>(correct) * static_cast<float>(100.0 / static_cast<double>(count));
}

// As the benchmark was made: the same numbers each time, in float32 throughout.
void makeDeterministic(const at::Device& device) {
  if (!device.is_cuda()) return;
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setAllowTF32CuDNN(false);
}

}  // namespace

void Measured::add(const BatchMetrics& batch) {
  const auto images = static_cast<double>(batch.count);
  count += batch.count;
  lossSum_ += batch.loss * images;
  top1Sum_ += percent(batch.correctTop1, batch.count) * images;
  top5Sum_ += percent(batch.correctTop5, batch.count) * images;
  const auto all = static_cast<double>(count);
  loss = lossSum_ / all;
  top1 = top1Sum_ / all;
  top5 = top5Sum_ / all;
}

std::shared_ptr<Order> orderFor(const networks::Network& network, uint64_t seed, int64_t imageSize, bool drawOnDevice) {
  if (drawOnDevice) return std::make_shared<DeviceOrder>(seed, network.device());
  // The reference draws the weights first, then an image to count operations with.
  at::Generator generator = networks::Network(network.shape(), seed).generator();
  at::rand({1, 3, imageSize, imageSize}, generator, at::kFloat);
  return std::make_shared<ReferenceOrder>(generator);
}

Trainer::Trainer(std::shared_ptr<networks::Network> network, const TrainerOptions& options)
    : network_(std::move(network)), options_(options), sgd_(network_, options.sgd) {
  const at::Device device = network_->device();
  makeDeterministic(device);
  const auto order = orderFor(*network_, options.seed, options.train.images->size(), options.drawOnDevice);
  const auto add = [&](const Subset& subset, bool augmented) {
    const int64_t highest = subset.images->highestLabel();
    if (highest >= network_->classes()) {
      throw NetworkError("BAD_LABELS", "expected labels from 0 to " + std::to_string(network_->classes() - 1) +
                                           ", found " + std::to_string(highest));
    }
    loaders_.emplace_back(subset, order, options.pixels, augmented, options.batch, device);
  };
  add(options.train, true);
  for (const Subset& set : options.sets) add(set, false);
  progress_.epoch = -1;
  progress_.epochDone = true;
}

void Trainer::beginSet() {
  Loader& loader = loaders_[progress_.set];
  if (progress_.set == 0) {
    rates_ = options_.schedule.rates(progress_.epoch, (loader.count() + options_.batch - 1) / options_.batch);
    progress_.learningRate = rates_.front();
    iteration_ = 0;
  }
  loader.begin();
  progress_.measured.emplace_back();
  progress_.images = 0;
  progress_.total = loader.count();
}

BatchMetrics Trainer::trainOn(const Batch& batch, const networks::Checkpoint& checkpoint) {
  const BatchMetrics metrics = sgd_.step(batch.images, batch.labels, rates_[iteration_++], checkpoint);
  if (!std::isfinite(metrics.loss)) {
    throw NetworkError("NOT_FINITE", "the loss of batch " + std::to_string(iteration_ - 1) + " of epoch " +
                                         std::to_string(progress_.epoch) + " is " + std::to_string(metrics.loss) +
                                         ": the training has diverged (learning rate " +
                                         std::to_string(rates_[iteration_ - 1]) + ")");
  }
  return metrics;
}

BatchMetrics Trainer::work(const Batch& batch, const networks::Checkpoint& checkpoint) {
  if (progress_.set == 0) return trainOn(batch, checkpoint);
  const networks::NoTracking guard;
  const at::Tensor logits = network_->forward(batch.images, networks::Pass::Evaluation, checkpoint).logits;
  return metricsOf(crossEntropy(logits, batch.labels), logits, batch.labels);
}

Trainer::Progress Trainer::advance(std::chrono::milliseconds time, const networks::Checkpoint& checkpoint) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  auto since = start;
  if (progress_.epochDone) {
    const int64_t next = progress_.epoch + 1;
    progress_ = {};
    progress_.epoch = next;
    beginSet();
  }
  do {
    if (checkpoint) checkpoint();
    int64_t images = 0;
    try {
      const std::optional<Batch> batch = loaders_[progress_.set].next();
      if (batch) {
        images = batch->labels.size(0);
        progress_.measured.back().add(work(*batch, checkpoint));
      }
    } catch (const std::exception& error) {
      if (!networks::isOutOfMemory(error)) throw;
      throw NetworkError("OUT_OF_MEMORY", "out of memory on " + network_->device().str() + " with batches of " +
                                              std::to_string(batch()) + " images; " + whatFits());
    }
    const auto now = Clock::now();
    progress_.measured.back().seconds += std::chrono::duration<double>(now - since).count();
    since = now;
    progress_.images += images;
    if (progress_.images == progress_.total) {
      if (progress_.set + 1 == loaders_.size()) {
        progress_.epochDone = true;
      } else {
        ++progress_.set;
        beginSet();
      }
    }
  } while (!progress_.epochDone && Clock::now() - start < time);
  return progress_;
}

int64_t Trainer::batch() const { return std::min(options_.batch, options_.train.count()); }

std::string Trainer::whatFits() {
  const at::Device device = network_->device();
  const int64_t size = options_.train.images->size();
  sgd_.forgetGradients();
  const auto fits = [&](const std::function<void()>& work) {
    try {
      work();
      return true;
    } catch (const std::exception& error) {
      if (!networks::isOutOfMemory(error)) throw;
      return false;
    }
  };
  const bool images = fits([&] {
    options_.train.images->on(device);
    for (const Subset& set : options_.sets) set.images->on(device);
  });
  if (!images) return "not even the images of the data set fit";
  for (int64_t batch = this->batch() / 2; batch > 0; batch /= 2) {
    const bool trained = fits([&] {
      // The network itself is left as it is.
      const auto another = std::make_shared<networks::Network>(network_->shape(), 0);
      another->to(device);
      const at::TensorOptions on(device);
      Sgd(another, options_.sgd)
          .step(at::zeros({batch, 3, size, size}, on.dtype(at::kFloat)), at::zeros({batch}, on.dtype(at::kLong)), 0);
    });
    if (trained) return "batches of " + std::to_string(batch) + " fit";
  }
  return "not even a batch of one image fits";
}

}  // namespace nb201::training
