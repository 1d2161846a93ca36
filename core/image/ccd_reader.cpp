#include "core/image/ccd_reader.h"

namespace brickline {

CcdInput CcdReader::input(const CcdRow& row, std::int64_t row_of_table) const {
  CcdInput in = input(row.camera, row.image_filename, row.image_hdu);
  in.source.values = ccd_values(row);
  in.source.table = table_;
  in.source.row = row_of_table;
  in.ra_offset = row.ccdraoff / 3600;
  in.dec_offset = row.ccddecoff / 3600;
  in.sig1_from_weights = row.sig1_from_weights();
  in.table_wcs = TableWcs{row.approximate_wcs(), {row.ra, row.dec}};
  return in;
}

CcdInput CcdReader::input(const std::string& camera, const std::string& image_filename, int image_hdu) const {
  CcdInput in;
  in.source.values.camera = camera;
  in.source.values.image_filename = image_filename;
  in.source.values.image_hdu = image_hdu;
  in.source.locate = locate_in_survey(survey_.root(), survey_.cache());
  in.source.read_log = read_log_;
  in.sig1_from_weights = true;
  return in;
}

std::optional<CcdImage> CcdReader::read(const CcdInput& input, const ReadImageOptions& options,
                                        Log log) const {
  return read_ccd_image(camera_of(input), input, options, log);
}

OpenCcd CcdReader::open(const CcdInput& input, Purpose purpose, Log log) const {
  return camera_of(input).open(input.source, purpose, log);
}

}  // namespace brickline
