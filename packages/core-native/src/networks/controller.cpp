#include "networks/controller.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/lstm.h>
#include <ATen/ops/multinomial.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "networks/initialiser.h"

namespace nb201::networks {

namespace {

constexpr int64_t kSize = 32;
constexpr int64_t kLayers = 2;
constexpr double kTanh = 2.5, kTemperature = 5.0;

}  // namespace

Controller::Controller(const at::Generator& generator) : generator_(generator) {
  Initialiser initialiser(generator);
  const auto uniform = [&](at::IntArrayRef shape, double bound) {
    return at::empty(shape, at::kFloat).uniform_(-bound, bound, generator_);
  };
  input_ = weights_.parameter("input_vars", at::empty({1, 1, kSize}, at::kFloat));
  const double bound = 1 / std::sqrt(static_cast<double>(kSize));
  for (int64_t layer = 0; layer < kLayers; ++layer) {
    const std::string end = "_l" + std::to_string(layer);
    lstm_.push_back(weights_.parameter("w_lstm.weight_ih" + end, uniform({4 * kSize, kSize}, bound)));
    lstm_.push_back(weights_.parameter("w_lstm.weight_hh" + end, uniform({4 * kSize, kSize}, bound)));
    lstm_.push_back(weights_.parameter("w_lstm.bias_ih" + end, uniform({4 * kSize}, bound)));
    lstm_.push_back(weights_.parameter("w_lstm.bias_hh" + end, uniform({4 * kSize}, bound)));
  }
  const auto operations = static_cast<int64_t>(kOperations);
  embedding_ =
      weights_.parameter("w_embd.weight", at::empty({operations, kSize}, at::kFloat).normal_(0, 1, generator_));
  predictionWeight_ = weights_.parameter("w_pred.weight", initialiser.weight({operations, kSize}));
  predictionBias_ = weights_.parameter("w_pred.bias", initialiser.bias(operations, kSize));
  // All of these but the first are drawn a second time.
  const c10::NoGradGuard noGrad;
  for (const at::Tensor& tensor : {input_, lstm_[1], lstm_[0], embedding_, predictionWeight_}) {
    tensor.uniform_(-0.1, 0.1, generator_);
  }
}

Controller::Sample Controller::sample() {
  Sample out;
  at::Tensor input = input_;
  std::vector<at::Tensor> state{at::zeros({kLayers, 1, kSize}), at::zeros({kLayers, 1, kSize})};
  for (size_t edge = 0; edge < kEdges; ++edge) {
    at::Tensor output;
    std::tie(output, state[0], state[1]) =
        at::lstm(input, state, lstm_, /*has_biases=*/true, kLayers, /*dropout=*/0, /*train=*/true,
                 /*bidirectional=*/false, /*batch_first=*/false);
    const at::Tensor logits =
        at::linear(output.view({1, kSize}), predictionWeight_, predictionBias_).div(kTemperature).tanh().mul(kTanh);
    const at::Tensor logProbabilities = at::log_softmax(logits, 1), probabilities = at::softmax(logits, 1);
    const at::Tensor drawn = at::multinomial(probabilities.detach(), 1, /*replacement=*/true, generator_);
    out.cell[edge] = static_cast<Operation>(drawn.item<int64_t>());
    const at::Tensor logProbability = logProbabilities.gather(1, drawn).sum();
    const at::Tensor entropy = logProbabilities.mul(probabilities).sum().neg();
    out.logProbability = edge == 0 ? logProbability : out.logProbability.add(logProbability);
    out.entropy = edge == 0 ? entropy : out.entropy.add(entropy);
    input = at::embedding(embedding_, drawn.view({1})).view({1, 1, kSize});
  }
  return out;
}

}  // namespace nb201::networks
