//! Mass-spectrometry files to a described run and a stream of scans, and back.
