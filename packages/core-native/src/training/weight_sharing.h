// The steps that the weight-sharing searches are made of (exps/NAS-Bench-201-algos): of the weights, of the
// architecture, and of ENAS's controller.
#pragma once

#include <optional>

#include "networks/controller.h"
#include "networks/supernet.h"
#include "training/adam.h"
#include "training/flat_parameters.h"
#include "training/metrics.h"
#include "training/sgd.h"

namespace nb201::training {

struct WeightSharingOptions {
  networks::SupernetShape shape;
  uint64_t seed = 0;
  bool controller = false;
  SgdOptions sgd;    // of the weights
  AdamOptions adam;  // of the architecture, or of the controller
};

struct LabelledImages {
  at::Tensor images, labels;
};

class WeightSharing {
 public:
  explicit WeightSharing(const WeightSharingOptions& options);

  struct PassOptions {
    networks::Choice choice;
    double dropPath = 0;
    networks::Checkpoint checkpoint = {};
  };
  struct Outcome {
    BatchMetrics metrics;
    std::vector<networks::CellOperations> cells;  // as in Supernet::Output
  };

  // SGD on the weights. With `clip` above 0, first the gradients of weights and architecture are brought down to that
  // L2 norm, of both together: as in the reference, the architecture's is then the sum of its last step's and of this
  // loss's.
  Outcome weightStep(const LabelledImages& batch, double learningRate, double clip, const PassOptions& options);

  // Adam on the architecture.
  Outcome architectureStep(const LabelledImages& batch, const PassOptions& options);

  // The same, looking one step of the weights ahead (DARTS, second order). The metrics are of the valid batch.
  Outcome unrolledStep(const LabelledImages& train, const LabelledImages& valid, double learningRate,
                       const PassOptions& options);

  // Loss and accuracy, nothing learnt; in train mode batch norms take note of the batch.
  Outcome evaluate(const LabelledImages& batch, networks::Pass pass, const PassOptions& options);

  struct Sampled {
    networks::CellOperations cell;
    double logProbability, entropy;
  };
  // A cell of the controller's; with `learn` the next `reinforce` is about it.
  Sampled sample(bool learn);

  struct Reinforcement {
    double accuracy;                 // 0..1, of the cell that was sampled
    std::optional<double> baseline;  // of the epoch before
    double baselineDecay, entropyWeight;
    int64_t aggregate;  // samples that make a step
  };
  struct Reinforced {
    double loss, reward, baseline;
  };
  // Adds to the controller's gradient (REINFORCE).
  Reinforced reinforce(const Reinforcement& given);
  // Clips the gradient to `clip` and takes a step of Adam.
  void controllerStep(double clip);

  // Draws of the generator that everything above draws from: so many int64, as torch's `random_()` gives them.
  std::vector<int64_t> random(int64_t count);
  // So many float32 of `torch.rand`, drawn and forgotten.
  void skipUniform(int64_t count);
  // A permutation of 0..n-1, as torch.randperm draws it.
  at::Tensor permutation(int64_t count);

  // All that a run consists of, by name: the supernet under `search_model.`, ENAS's `controller.`, the optimisers', the
  // generator. In memory of its own, on the CPU.
  std::vector<networks::Weight> state() const;
  // Takes it back; throws without having changed anything where it is of another shape.
  void load(const std::vector<networks::StoredTensor>& tensors);

  void to(const at::Device& device);
  networks::Supernet& supernet() { return supernet_; }

 private:
  networks::Supernet::Output forward(const at::Tensor& images, networks::Pass pass, const PassOptions& options);
  void layOut();
  // Notes that these passes give the parameters of these cells gradients, were they all zeros.
  void touch(const std::vector<networks::CellOperations>& cells);
  void clipGradients(double norm);
  void updateWeights(double learningRate);
  void clearArchitectureGradient();

  SgdOptions sgd_;
  at::Generator generator_;
  networks::Supernet supernet_;
  std::optional<networks::Controller> controller_;
  FlatParameters flat_;
  std::vector<size_t> flatNumbers_;  // of each of the supernet's weights, in flat_
  // Parameters that have had a gradient. torch of the reference's time keeps zeros where there is none any more, and
  // SGD then goes on with weight decay and momentum; one that never had any is left alone.
  std::vector<bool> touched_;
  size_t untouched_ = 0;
  std::optional<Adam> adam_;
  networks::Controller::Sample sampled_;
};

}  // namespace nb201::training
