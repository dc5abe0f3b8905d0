"""What the commands do that use a trained run: traverse, interpolate, arithmetic, outliers, debias."""
