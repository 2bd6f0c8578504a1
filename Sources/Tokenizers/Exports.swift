// Who imports this module alone sees every type that its interface shows.
@_exported import Files
