// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Additional rewards: 12 % for the first large providers that stay four years
/// @notice Twelve seats of 10 million coins. A seat pays evenly over four years of attested capacity of at least 1,000
/// A100 equivalents. A holder that is no longer attested earns nothing; the next eligible provider inherits what the
/// seat has left.
/// @dev Race paper, Appendix E. The paper does not say how many seats; twelve is our choice. Capacity is measured by
/// others and reported by a module with the ASSESSOR role.
interface IAdditionalRewards {
    /// @param holder Provider in the seat; zero when empty.
    /// @param paidSeconds Seconds of the four years that have been earned by all holders so far.
    /// @param accruedAt Unix seconds up to which the holder's earnings are counted.
    /// @param attestedUntil Unix seconds until which the holder's capacity is attested.
    struct Seat {
        address holder;
        uint32 paidSeconds;
        uint64 accruedAt;
        uint64 attestedUntil;
    }

    /// @notice There is no such seat.
    error SeatUnknown(uint256 seat);
    /// @notice Another provider holds the seat and is attested until `until` (Unix seconds).
    error SeatTaken(uint256 seat, address holder, uint256 until);
    /// @notice A provider holds one seat at most.
    error SeatHeldElsewhere(address provider, uint256 seat);
    /// @notice Fewer than the required 1,000 A100 equivalents were measured.
    error CapacityTooSmall(uint256 measured, uint256 required);
    /// @notice The caller holds no seat.
    error NoSeat(address provider);

    event CapacityAttested(uint256 indexed seat, address indexed holder, uint256 capacity, uint256 until);
    event SeatLeft(uint256 indexed seat, address indexed holder, uint256 paidSeconds);
    event AdditionalRewardPaid(address indexed holder, uint256 amount);

    /// @notice Reports that `provider` keeps `capacity` A100 equivalents: takes or keeps the seat for another period.
    /// @dev Only the ASSESSOR role. A seat whose attestation ran out can be given to another provider.
    function attest(uint256 seat, address provider, uint256 capacity) external;

    /// @notice Gives up the caller's seat. What was earned stays payable.
    function leaveSeat() external;

    /// @notice Mints what `holder` has earned, to it. Anyone may call.
    function collect(address holder) external returns (uint256 amount);

    /// @notice Coins (wei) that `holder` has earned and not been paid.
    function owedTo(address holder) external view returns (uint256);

    function seatAt(uint256 seat) external view returns (Seat memory);
}
