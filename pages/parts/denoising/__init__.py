"""What only the page Denoising needs."""
