//! Images as sequences: each patch becomes one vector.

use burn::module::{Initializer, Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{Device, Tensor};

use super::{normal, resize_grid};

/// `x_p E + b` for every patch `x_p`, the non-overlapping squares of an image row by row: Dosovitskiy et al. 2020, arXiv
/// 2010.11929, §3.1 equation 1. As published, a convolution whose kernel is as large as its step.
#[derive(Module, Debug)]
pub struct PatchEmbedding {
    /// `[d_model, channels, patch_size, patch_size]`
    pub projection: Conv2d,
}

impl PatchEmbedding {
    /// Weights from N(0, `std`), biases zero. `patch_size` in pixels.
    pub fn init([channels, d_model]: [usize; 2], patch_size: usize, std: f64, device: &Device) -> Self {
        let square = [patch_size; 2];
        let convolution = Conv2dConfig::new([channels, d_model], square).with_stride(square).init(device);
        let weight = normal([d_model, channels, patch_size, patch_size], std, device);
        let bias = Some(Initializer::Zeros.init([d_model], device));
        Self { projection: Conv2d { weight, bias, ..convolution } }
    }

    /// The vectors, and how many patches the image has down and across.
    ///
    /// # Shapes
    /// `pixel_values [batch, channels, height, width]` → `[batch, rows · columns, d_model]`
    pub fn forward(&self, pixel_values: Tensor<4>) -> (Tensor<3>, [usize; 2]) {
        // [batch, d_model, rows, columns]
        let grid = self.projection.forward(pixel_values);
        let [_, _, rows, columns] = grid.dims();
        // [batch, rows · columns, d_model]
        (grid.flatten::<3>(2, 3).swap_dims(1, 2), [rows, columns])
    }
}

/// Learned positions of a few special tokens and of a square grid of patches: `E_pos` of arXiv 2010.11929, equation 1. Images with
/// another grid get the positions stretched over it (§3.2).
#[derive(Module, Debug)]
pub struct GridPositions {
    /// `[1, n_special + grid², d_model]`, the special tokens first, then the patches row by row.
    pub table: Param<Tensor<3>>,
    n_special: usize,
    grid: usize,
}

impl GridPositions {
    /// From N(0, `std`), for `n_special` tokens and `grid` × `grid` patches.
    pub fn init([n_special, grid]: [usize; 2], d_model: usize, std: f64, device: &Device) -> Self {
        let shape = [1, n_special + grid * grid, d_model];
        Self { table: normal(shape, std, device), n_special, grid }
    }

    /// Positions of the special tokens and of `rows` × `columns` patches.
    ///
    /// # Shapes
    /// returns `[1, n_special + rows · columns, d_model]`
    pub fn forward(&self, [rows, columns]: [usize; 2]) -> Tensor<3> {
        let table = self.table.val();
        let own = [self.grid; 2];
        if [rows, columns] == own {
            return table;
        }
        let special = table.clone().narrow(1, 0, self.n_special);
        let patches = table.narrow(1, self.n_special, self.grid * self.grid);
        Tensor::cat(vec![special, resize_grid(patches, own, [rows, columns])], 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, TensorData};

    #[test]
    fn patches_are_read_row_by_row() {
        let device = Device::flex();
        device.seed(3);
        let (channels, side, d_model) = (2, 3, 4);
        let embedding = PatchEmbedding::init([channels, d_model], side, 1.0, &device);
        let image = Tensor::<4>::random([1, channels, 6, 9], Distribution::Normal(0.0, 1.0), &device);
        let (vectors, grid) = embedding.forward(image.clone());
        assert_eq!((grid, vectors.dims()), ([2, 3], [1, 6, d_model]));
        let numbers = |data: TensorData| data.iter::<f64>().collect::<Vec<f64>>();
        let (pixels, kernel) = (numbers(image.into_data()), numbers(embedding.projection.weight.val().into_data()));
        for (at, found) in numbers(vectors.into_data()).into_iter().enumerate() {
            let (patch, d) = (at / d_model, at % d_model);
            let (top, left) = (patch / 3 * side, patch % 3 * side);
            let mut expected = 0.0;
            for channel in 0..channels {
                for y in 0..side {
                    for x in 0..side {
                        let weight = kernel[((d * channels + channel) * side + y) * side + x];
                        expected += weight * pixels[(channel * 6 + top + y) * 9 + left + x];
                    }
                }
            }
            assert!((found - expected).abs() < 1e-5, "patch {patch}, {d}: {found} is not {expected}");
        }
    }

    #[test]
    fn the_own_grid_gets_the_table_itself() {
        let device = Device::flex();
        device.seed(4);
        let positions = GridPositions::init([2, 3], 5, 1.0, &device);
        assert_eq!(positions.forward([3, 3]).into_data(), positions.table.val().into_data());
        let stretched = positions.forward([2, 4]);
        assert_eq!(stretched.dims(), [1, 10, 5]);
        let special = |positions: Tensor<3>| positions.narrow(1, 0, 2).into_data();
        assert_eq!(special(stretched), special(positions.table.val()), "special tokens have no place in the image");
    }
}
