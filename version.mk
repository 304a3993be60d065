# The one place that says which version this is.
VERSION := 0.1.0
# The kernels that this version was tested on, first and last (make check-kernels).
KERNEL_MIN := 7.2
KERNEL_MAX := 7.3
