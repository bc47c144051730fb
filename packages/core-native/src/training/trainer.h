// A training, epoch by epoch: over the training images, then over each evaluation set (xautodl's `evaluate_for_seed`
// and `procedure`).
#pragma once

#include <chrono>
#include <string>

#include "training/loader.h"
#include "training/schedule.h"
#include "training/sgd.h"

namespace nb201::training {

struct TrainerOptions {
  SgdOptions sgd;
  Schedule schedule;
  int64_t batch = 256;
  uint64_t seed = 0;
  bool drawOnDevice = false;
  Pixels pixels;
  Subset train;
  std::vector<Subset> sets;  // that are evaluated on after each epoch
};

// Averages over images (the reference's AverageMeter).
struct Measured {
  double loss = 0, top1 = 0, top5 = 0;
  double seconds = 0;
  int64_t count = 0;

  void add(const BatchMetrics& batch);

 private:
  double lossSum_ = 0, top1Sum_ = 0, top5Sum_ = 0;
};

// What draws order and augmentation for a network that was made from `seed`.
std::shared_ptr<Order> orderFor(const networks::Network& network, uint64_t seed, int64_t imageSize, bool drawOnDevice);

class Trainer {
 public:
  // Throws BAD_LABELS, where a set has a class that the network has not.
  Trainer(std::shared_ptr<networks::Network> network, const TrainerOptions& options);

  struct Progress {
    int64_t epoch = 0;
    size_t set = 0;                  // 0: training; then the evaluation sets
    int64_t images = 0, total = 0;   // of this set
    double learningRate = 0;         // that the epoch began with
    std::vector<Measured> measured;  // of each set that was begun
    bool epochDone = false;
  };
  // Works until so much time has passed or an epoch ends, at least a batch; the next call goes on.
  // Throws NOT_FINITE where the loss of a batch is no number, OUT_OF_MEMORY with the batch that fits.
  Progress advance(std::chrono::milliseconds time, const networks::Checkpoint& checkpoint = {});

 private:
  void beginSet();
  BatchMetrics work(const Batch& batch, const networks::Checkpoint& checkpoint);
  BatchMetrics trainOn(const Batch& batch, const networks::Checkpoint& checkpoint);
  int64_t batch() const;  // the largest
  // After an allocation failed.
  std::string whatFits();

  std::shared_ptr<networks::Network> network_;
  TrainerOptions options_;
  Sgd sgd_;
  std::vector<Loader> loaders_;  // of training, then of the evaluation sets
  std::vector<double> rates_;    // of the epoch's iterations
  size_t iteration_ = 0;
  Progress progress_;
};

}  // namespace nb201::training
