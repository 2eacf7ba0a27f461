//! Mass traces, chromatographic peaks and precursor features from a stream of scans.
