// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Sets of validators and the one signature that more than two thirds of a set's weight makes
/// @notice A set is named by the hash of its keys and weights, so anybody may write one down and nobody can change one. Which
/// set counts is for the reader to decide (`IEpochs`). There is no owner and no parameter.
/// @dev Storage: the sum of all keys, and every key *negated*, as contract code. A check then starts at the sum and adds one
/// negated key per absentee. 256 seats with 16 absent: one pairing, 16 additions. Twin: `shared/money/quorum.ts`.
interface IQuorum {
    /// @notice Keys and weights do not belong together, or there are none, or more than 256.
    error SetMalformed(uint256 keyBytes, uint256 weightBytes);
    /// @notice Seat `seat` holds the point at infinity or no weight.
    error SeatEmpty(uint256 seat);
    /// @notice Nobody wrote this set down yet: call `install` with its keys first.
    error SetUnknown(bytes32 setId);
    /// @notice The bitmap names a seat beyond the last.
    error AbsenteeUnknown(uint256 absentees);
    /// @notice Those who signed hold `present` of `total`: not more than two thirds.
    error QuorumTooSmall(uint256 present, uint256 total);
    /// @notice The signature is not the one of exactly the seats that are not absent.
    error QuorumSignatureInvalid(bytes32 setId, bytes32 digest);

    event SetInstalled(bytes32 indexed setId, uint256 seats, uint256 totalWeight);

    /// @notice Writes a set down, once; a set that exists is left alone.
    /// @dev Checks that keys are on the curve. That each key is a registered validator's, with possession proved, is
    /// `IEpochs`' rule: a set that breaks it is never put in force.
    /// @param keys 192 bytes a seat: the four coordinates of `IProviders`' key encoding without their zero bytes. A member of
    /// a sampled committee may hold several seats.
    /// @param weights 2 bytes a seat, big endian: shares in units of a 65,535th of the largest.
    function install(bytes calldata keys, bytes calldata weights) external returns (bytes32 setId);

    /// @notice Reverts unless seats with more than two thirds of the weight signed `digest`.
    /// @param absentees Bit i is set when seat i did not sign.
    /// @param signature Sum of the signatures of the others, 128 bytes.
    function checkQuorum(bytes32 setId, bytes32 digest, uint256 absentees, bytes calldata signature)
        external
        view;

    /// @notice Number of seats, the sum of their weights and the largest of them.
    function describe(bytes32 setId)
        external
        view
        returns (uint256 seats, uint256 totalWeight, uint256 largestWeight);

    /// @notice The key of a seat (256 bytes, as `IProviders` registers it) and its weight.
    function seat(bytes32 setId, uint256 index) external view returns (bytes memory key, uint256 weight);
}
